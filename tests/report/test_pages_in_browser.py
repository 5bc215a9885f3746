"""Pages in a real browser: nothing cut, nothing torn, nothing asked for. Screenshots go to $SCREENSHOTS."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from support.commands.command import Cli

pytest.importorskip("aiohttp")
from support.devices.browser import PROGRAM, Browser, browser

pytest_plugins = ["support.inputs.results"]
pytestmark = pytest.mark.skipif(
    PROGRAM is None,
    reason="NO CHROMIUM ON PATH: the pages are looked at by nobody (apt-get install chromium)",
)
SCREENS = (
    ("light", 1200, "light", ""),
    ("dark", 1200, "dark", ""),
    ("narrow", 400, "light", ""),
    ("print", 800, "light", "print"),
)

# What sticks out of the page or of its own box, but for what may be scrolled.
STICKS_OUT = """[...document.querySelectorAll('main *')].filter((e) => {
  if (e.closest('svg') && e.tagName !== 'svg') return false;
  const box = e.getBoundingClientRect();
  if (!box.width || e.closest('details:not([open])')) return false;
  return box.right > document.documentElement.clientWidth + 0.5 || box.left < -0.5 ||
    (e.scrollWidth > e.clientWidth + 1 && e.clientWidth && getComputedStyle(e).display !== 'inline');
}).map((e) => e.tagName + '.' + e.getAttribute('class') + ': ' + e.textContent.slice(0, 60))"""
# Words without a hyphen or a slash that stand on two lines.
TORN = """(() => { const torn = [];
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());)
    for (const word of node.textContent.matchAll(/[A-Za-z0-9.,%]{2,40}/g)) {
      const range = document.createRange();
      range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length);
      const tops = new Set([...range.getClientRects()].map((r) => Math.round(r.top)));
      if (tops.size > 1) torn.push(word[0]);
    }
  return torn; })()"""
# Texts of one axis that lie on each other.
OVERLAP = """[...document.querySelectorAll('.x, .y')].flatMap((axis) => {
  const boxes = [...axis.children].map((e) => [e.textContent, e.getBoundingClientRect()]);
  return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([b, q]) =>
    p.left < q.right && q.left < p.right && p.top < q.bottom - 2 && q.top < p.bottom - 2).map(([b]) => a + ' on ' + b));
})"""


async def looked_at(tab: Browser, page: Path, shots: Path) -> None:
    await tab.call("Page.navigate", url=page.as_uri())
    await tab.until("document.readyState === 'complete' && document.querySelector('h1') !== null")
    backs = {}
    for name, width, scheme, media in SCREENS:
        await tab.screen(width, scheme, shots / f"{page.parent.name}-{page.stem}-{name}.png", media)
        where = f"{page.name} {name}"
        assert await tab.value("document.documentElement.scrollWidth") <= width, where
        for what in (STICKS_OUT, TORN, OVERLAP):
            assert await tab.value(what) == [], where
        backs[name] = await tab.value("getComputedStyle(document.body).backgroundColor")
    assert backs["light"] == backs["narrow"] != backs["dark"]
    assert await tab.value("performance.getEntriesByType('resource').length") == 0


async def all_looked_at(pages: list[Path], folder: Path, shots: Path) -> list[str]:
    async with browser(folder / "profile") as tab:
        for page in pages:
            await looked_at(tab, page, shots)
        return tab.problems


def test_every_page_fits_every_screen(cli: Cli, whole_project: Path, tmp_path: Path) -> None:
    cli("report", whole_project).succeeds()
    cli(
        "report", "--compare", whole_project / "net", whole_project, "--out", whole_project / "compare.html"
    ).succeeds()
    pages = [whole_project / name for name in ("report.html", "compare.html", "net/report.html")]
    pages += [whole_project / "build" / name for name in ("bench.html", "profile.html")]
    shots = Path(os.environ.get("SCREENSHOTS", tmp_path))
    problems = asyncio.run(asyncio.wait_for(all_looked_at(pages, tmp_path, shots), 120))
    assert problems == []
    for name, *_ in SCREENS:
        assert (shots / f"{whole_project.name}-report-{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    "fault", ["<p style='width:900px'>wide</p>", "<p style='width:20px;word-break:break-all'>Torn</p>"]
)
def test_the_measures_find_what_is_wrong(tmp_path: Path, fault: str) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        f"<!DOCTYPE html><meta name='viewport' content='width=device-width'><body><main><h1>x</h1>{fault}</main></body>"
    )

    async def seen() -> list[str]:
        async with browser(tmp_path / "profile") as tab:
            await tab.call("Page.navigate", url=page.as_uri())
            await tab.until("document.querySelector('h1') !== null")
            await tab.sized(400, "light")
            return [*await tab.value(STICKS_OUT), *await tab.value(TORN)]

    assert asyncio.run(asyncio.wait_for(seen(), 60)) != []
