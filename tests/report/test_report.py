"""`emgdeploy report`: one page whose numbers are those of the JSON files, and two of them side by side."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from emgdeploy.errors import InputError
from emgdeploy.report import found, whole
from support.commands.command import Cli

pytest_plugins = ["support.inputs.results"]
_SCALES = {"%": 100.0, "µs": 1.0, "ms": 1e-3, "s": 1e-6}


class Figures(HTMLParser):
    """The numbers of a page: (place in the results, value, text as shown), and the matrices."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.matrices: dict[str, list[list[int]]] = {}
        self._open: tuple[str, str] | None = None
        self._matrix = ""
        self._cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "data":
            self._open = (given["data-of"] or "", given["value"] or "")
        if tag == "table":
            self._matrix = given.get("data-of") or ""
        if tag == "tr" and self._matrix:
            self.matrices.setdefault(self._matrix, []).append([])
        if tag == "td" and self._matrix:
            self.matrices[self._matrix][-1].append(0)
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        self._open = None if tag == "data" else self._open
        self._cell = self._cell and tag != "td"
        self._matrix = "" if tag == "table" else self._matrix

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.found.append((*self._open, data))
        if self._cell:
            self.matrices[self._matrix][-1][-1] = int(data)


def results_of(folder: Path) -> dict[str, Any]:
    names = {
        "metrics": "net/metrics.json",
        "manifest": "build/manifest.json",
        "profile": "build/profile.json",
        "bench": "build/bench.json",
    }
    return {key: json.loads((folder / name).read_text()) for key, name in names.items()}


def at(results: Any, place: str) -> Any:
    for part in place.split("."):
        results = results[int(part)] if isinstance(results, list) else results[part]
    return results


def says(text: str, value: float) -> bool:
    """Whether a text is the value to the digits that it shows."""
    match = re.match(r"([-\d,.e]+) ?(%|µs|ms|s|)", text)
    assert match, text
    number, scale = match[1].replace(",", ""), _SCALES.get(match[2], 1.0)
    mantissa, _, power = number.partition("e")
    digits = len(mantissa.partition(".")[2])
    exponent = int(power or 0) - digits
    if "." not in mantissa and match[2] in ("µs", "ms", "s") and len(mantissa) < 3:
        exponent -= 3 - len(mantissa)  # 3 significant digits, of which noughts at the end are not shown
    return abs(float(number) - value * scale) <= 0.5000001 * 10.0**exponent


def test_the_numbers_are_those_of_the_files(cli: Cli, whole_project: Path) -> None:
    cli("report", whole_project).succeeds()
    page = (whole_project / "report.html").read_text(encoding="utf-8")
    results, shown = results_of(whole_project), Figures(page)
    checked = 0
    for place, value, text in shown.found:
        if place.startswith("elsewhere."):
            continue
        assert float(value) == at(results, place), place
        assert says(text, float(value)), (place, text, value)
        checked += 1
    assert checked > 50
    seen = {place.split(".")[0] for place, _, _ in shown.found}
    assert seen >= {"metrics", "manifest", "profile", "bench"}
    for place, rows in shown.matrices.items():
        assert [row for row in rows if row] == at(results, place)
    assert set(shown.matrices) == {"metrics.confusion", "bench.confusion.matrix"}


def test_other_boards_take_their_clock_and_the_modelled_cycles(whole_project: Path) -> None:
    page = (whole_project / "build/bench.html").read_text(encoding="utf-8")
    times = {place: float(value) for place, value, _ in Figures(page).found if place.startswith("elsewhere.")}
    cycles = results_of(whole_project)["profile"]["cycles_without_waiting"]
    assert times["elsewhere.spresense"] == pytest.approx(cycles / 156)
    assert "elsewhere.native" not in times and "elsewhere.qemu-mps2-an386" not in times


def test_the_page_is_whole_by_itself(cli: Cli, whole_project: Path) -> None:
    cli("report", whole_project).succeeds()
    pages = [whole_project / "report.html", *(whole_project / "net").glob("*.html")]
    pages += (whole_project / "build").glob("*.html")
    assert len(pages) == 4
    for path in pages:
        page = path.read_text(encoding="utf-8")
        assert len(page) < 1 << 20
        assert not re.search(r"(src|href)=|url\(|@import|http|<script", page.replace("http-equiv", "")), path
    text = pages[0].read_text(encoding="utf-8")
    for heading in (
        "Electrodes, gesture by gesture",
        "The ledger",
        "The arena over time",
        "Memory of the board",
    ):
        assert heading in text, heading
    assert text.index("bit-exact on qemu-mps2-an386") < text.index("Inference time")


def test_the_arena_holds_each_tensor_once_and_no_more(whole_project: Path) -> None:
    manifest = results_of(whole_project)["manifest"]
    arena = json.loads((whole_project / "build/arena.json").read_text())
    assert arena["arena_bytes"] == manifest["arena_bytes"]
    assert max(b["offset"] + b["bytes"] for b in arena["buffers"]) <= arena["arena_bytes"]
    assert max(b["last"] for b in arena["buffers"]) == len(manifest["layers"]) - 1
    assert "arena.json" in manifest["hashes"]


def test_a_model_without_its_training_is_said_to_be_so(cli: Cli, whole_project: Path, tmp_path: Path) -> None:
    build = shutil.copytree(whole_project / "build", tmp_path / "build")
    other = shutil.copytree(whole_project / "net", tmp_path / "net")
    (other / "checkpoint.pt").write_bytes(b"another one")
    done = cli("report", tmp_path, "--json")
    done.succeeds()
    result = json.loads(done.out)
    assert result["training"] is None and result["build"] == str(build) and result["bench"] is True
    assert "No training of its model" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_results_of_another_firmware_are_not_mixed_in(cli: Cli, whole_project: Path, tmp_path: Path) -> None:
    build = shutil.copytree(whole_project / "build", tmp_path / "build")
    bench = json.loads((build / "bench.json").read_text())
    bench["firmware_build_id"] = "0" * 16
    (build / "bench.json").write_text(json.dumps(bench))
    result = json.loads(cli("report", build, "--json").out)
    assert result["bench"] is False and result["profile"] is True
    assert "not benched yet" in (build / "report.html").read_text(encoding="utf-8")


def test_two_results_side_by_side(cli: Cli, whole_project: Path, tmp_path: Path) -> None:
    other = shutil.copytree(whole_project, tmp_path / "other")
    metrics = json.loads((other / "net/metrics.json").read_text())
    metrics["accuracy"] -= 0.45
    (other / "net/metrics.json").write_text(json.dumps(metrics))
    done = cli("report", "--compare", whole_project, other, "--out", tmp_path / "c.html", "--json")
    done.succeeds()
    rows = {row["name"]: row for row in json.loads(done.out)["rows"]}
    assert rows["accuracy"]["better"] == "a" and rows["flash, bytes"]["better"] is None
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "A is better in accuracy." in page and "B is better" not in page
    same = cli("report", "--compare", whole_project, whole_project, "--out", tmp_path / "d.html")
    same.succeeds()
    assert "alike in every number" in (tmp_path / "d.html").read_text(encoding="utf-8")


def test_damaged_results_end_in_a_sentence(trained_toy: Path, tmp_path: Path) -> None:
    sound = json.loads((trained_toy / "metrics.json").read_text())
    refused = 0
    values: tuple[Any, ...] = (None, "x", [[]], {"a": 1})
    for key in ("accuracy", "confusion", "windows", "losses", "labels", "voted"):
        for value in values:
            (tmp_path / "metrics.json").write_text(json.dumps({**sound, key: value}))
            (tmp_path / "report.html").unlink(missing_ok=True)
            try:
                whole.write(found.find(tmp_path), tmp_path / "report.html")
            except InputError as error:
                assert str(tmp_path) in error.message and error.hint
                assert not (tmp_path / "report.html").exists()
                refused += 1
    assert refused >= 20


def test_hostile_names_stay_words(cli: Cli, trained_toy: Path, tmp_path: Path) -> None:
    metrics = json.loads((trained_toy / "metrics.json").read_text())
    metrics["labels"][0] = '<script>alert(1)</script>"\x1b[31m'
    metrics["dataset"] = "<img src=x onerror=alert(1)>"
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    cli("report", tmp_path).succeeds()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page and "<img" not in page and "\x1b" not in page
    assert "&lt;script&gt;" in page


def test_folders_without_results(cli: Cli, tmp_path: Path) -> None:
    cli("report", tmp_path).fails(2, "neither a training nor a build")
    cli("report", tmp_path / "none").fails(3, "there is no folder")
    cli("report", tmp_path, "--compare", tmp_path, tmp_path).fails(2, "--compare")


def test_eval_writes_its_own(cli: Cli, trained_toy: Path, tmp_path: Path) -> None:
    arguments = ("--checkpoint", trained_toy / "checkpoint.pt", "--windows", trained_toy / "test.npz")
    cli("eval", *arguments, "--out", tmp_path / "eval").succeeds()
    result = json.loads((tmp_path / "eval/eval.json").read_text())
    page = Figures((tmp_path / "eval/report.html").read_text(encoding="utf-8"))
    assert ("eval.accuracy", str(result["accuracy"])) in [(place, value) for place, value, _ in page.found]
    assert [row for row in page.matrices["eval.confusion"] if row] == result["confusion"]
