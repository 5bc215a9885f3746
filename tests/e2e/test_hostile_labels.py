"""Labels are other people's text. They reach C, HTML, JSON and the terminal, and break out of none."""

from __future__ import annotations

import html.parser
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from support.commands.command import Cli
from support.models.tiny import INPUT_SHAPE, tiny_tflite

LABELS = (
    '"; int stolen = 1; //',
    "*/ #error comment closed /*",
    "\\",
    "ends in a backslash \\",
    "??/ trigraph ??=",
    "%s%n {{ 7*7 }} {% raw %}",
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(2)>",
    "&amp; &#60;b&#62;",
    "\x1b]0;owned\x07\x1b[2Jclear",
    "\x9b31mred",
    "\u202eright to left",
    "手 é \U0001f4aa",
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "model.tflite"
    path.write_bytes(tiny_tflite(classes=len(LABELS)))
    return path


@pytest.fixture(scope="module")
def build(cli: Cli, model: Path) -> Path:
    labels = model.parent / "labels.txt"
    labels.write_text("\n".join(LABELS) + "\n", encoding="utf-8")
    out = model.parent / "build"
    cli("build", "--board", "native", "--model", model, "--labels", labels, "--out", out).succeeds()
    return out


@pytest.fixture(scope="module")
def benched(cli: Cli, build: Path) -> Path:
    """The same folder after a bench whose windows carry true classes, so that labels are shown."""
    rng = np.random.default_rng(1)
    x = rng.integers(-128, 128, (2 * len(LABELS), *INPUT_SHAPE), dtype=np.int8)
    y = np.arange(len(x), dtype=np.int64) % len(LABELS)
    windows = build.parent / "windows.npz"
    np.savez(windows, x=x, y=y, labels=np.array(LABELS))
    cli("bench", "--build", build, "--windows", windows).succeeds()
    return build


def test_the_manifest_keeps_them_as_they_are(build: Path) -> None:
    manifest = json.loads((build / "manifest.json").read_text(encoding="utf-8"))
    assert tuple(manifest["output"]["labels"]) == LABELS


def test_generated_c_holds_them_as_data(build: Path) -> None:
    sources = [p for p in (build / "src").rglob("*") if p.suffix in (".c", ".h") and "runtime" not in p.parts]
    for path in sources:
        text = path.read_text(encoding="utf-8")
        assert "int stolen" not in re.sub(r'"(\\.|[^"\\\n])*"', '""', text), path
        assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}, path


def test_every_language_dialect_compiles_the_generated_c(build: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    for source in (build / "src").glob("*.c"):
        for standard in ("c99", "gnu11"):
            command = ["gcc", f"-std={standard}", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", str(source)]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr


class _Page(html.parser.HTMLParser):
    """Which tags and attributes a browser would see, and the text beside them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data


def test_the_report_shows_them_as_text(benched: Path) -> None:
    source = (benched / "bench.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(source)
    assert "<script>alert(1)</script>" in page.text
    assert "&amp; &#60;b&#62;" in page.text
    for tag, attributes in page.tags:
        assert tag != "img" or not (attributes.get("src") or "").startswith("x")
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
    assert "alert(1)" not in "".join(re.findall(r"<script\b[^>]*>(.*?)</script>", source, re.DOTALL))
    assert "\x1b" not in source and "\x07" not in source


def test_json_and_terminal_stay_clean(cli: Cli, benched: Path) -> None:
    done = cli("bench", "--build", benched, "--json")
    done.succeeds()
    json.loads(done.out)
    for arguments in (("size", "--build", benched), ("bench", "--build", benched)):
        cli(*arguments).succeeds()


def test_as_many_labels_as_classes(cli: Cli, model: Path, tmp_path: Path) -> None:
    (tmp_path / "few.txt").write_text("one\ntwo\n")
    arguments = ("build", "--board", "native", "--model", model, "--labels", tmp_path / "few.txt")
    cli(*arguments, "--out", tmp_path / "out").fails(3, "2", str(len(LABELS)))
