"""A page as HTML: one template and one style for all of them."""

from __future__ import annotations

from pathlib import Path

from emgdeploy.pages.blocks import Page
from emgdeploy.text import printable

_HERE = Path(__file__).parent


def render(page: Page) -> str:
    """The HTML text. Whatever text it shows is escaped, wherever it came from; it asks for no other file."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    style = (_HERE / "style.css").read_text(encoding="utf-8")
    return environment.get_template("page.html.j2").render(page=page, style=style)
