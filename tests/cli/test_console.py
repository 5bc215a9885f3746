"""What verbs print: safe text, aligned tables, JSON that every reader takes."""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.cli.console import Console
from emgdeploy.text import printable


@dataclass(frozen=True)
class Sample:
    path: Path
    values: tuple[float, ...]


def test_results_become_plain_json(capsys: pytest.CaptureFixture[str]) -> None:
    Console(json_output=True).result(
        {
            "sample": Sample(Path("a/b"), (1.0, float("nan"), float("-inf"))),
            "numpy": [np.int64(3), np.float32(0.5), np.arange(3), np.float64("nan")],
            1: {"x"},
        }
    )
    assert json.loads(capsys.readouterr().out) == {
        "sample": {"path": "a/b", "values": [1.0, None, None]},
        "numpy": [3, 0.5, [0, 1, 2], None],
        "1": ["x"],
    }


def test_without_json_a_result_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Console().result({"a": 1})
    assert capsys.readouterr().out == ""


def test_text_goes_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(json_output=True)
    console.print("for people")
    console.table(("a", "b"), [(1, "x")])
    captured = capsys.readouterr()
    assert captured.out == "" and "for people" in captured.err and "x" in captured.err


def test_hostile_text_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(trace=True)
    evil = "\x1b]0;title\x07\x9b2J [red]no markup[/red]"
    console.print(evil, style="bold")
    console.warn(evil)
    console.note(evil)
    console.detail(evil)
    console.table((evil,), [(evil,)], title=evil)
    captured = capsys.readouterr()
    for text in (captured.out, captured.err):
        assert "\x1b" not in text and "\x07" not in text and "\x9b" not in text
        assert r"\x1b]0;title\x07\x9b2J [red]no markup[/red]" in text


def test_a_table_cuts_nothing_off_away_from_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    wide = "w" * 300
    Console().table(("name", "bytes", "note"), [(wide, 1234567, None)])
    out = capsys.readouterr().out
    assert wide in out and "1,234,567" in out and "-" in out


def test_long_work_says_now_and_then_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emgdeploy.cli.heartbeat.INTERVAL_S", 0.02)
    with Console().progress("bench on native", total=1200) as bar:
        bar.advance(1000)
        time.sleep(0.2)
    captured = capsys.readouterr()
    assert "bench on native: 1,000 of 1,200 after 0 s\n" in captured.err and captured.out == ""


def test_short_work_is_silent_away_from_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().progress("work [1/2]", total=3) as bar:
        bar.advance()
        bar.advance(2, note="done")
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("grün µs 手", "grün µs 手"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x00\x1b\x7f\x85", r"\x00\x1b\x7f\x85"),
        ("\u202e\u2028\ufeff", r"\u202e\u2028\ufeff"),
        ("\U000e0001", r"\U000e0001"),
        ("\ud800", r"\ud800"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_printable_keeps_what_it_is_told_to() -> None:
    assert printable("a\nb\r", keep="\n") == "a\nb\\r"


class Terminal(io.StringIO):
    """A terminal that keeps what it was sent."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_narrow_terminal_cuts_no_name_and_no_number(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    screen, notes = Terminal(), Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setattr("sys.stderr", notes)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    rows = [("a-board-of-many-letters", 1_234_567, "words that say what it is " * 3, "dispensable text")]
    Console().table(("board", "bytes", "what", "more"), rows, dispensable=("more",))
    lines = screen.getvalue().splitlines()
    assert any("a-board-of-many-letters" in line and "1,234,567" in line for line in lines)
    assert max(len(line.rstrip()) for line in lines) <= width
    assert "\x1b" not in screen.getvalue() + notes.getvalue()
    assert ("no room for more" in notes.getvalue()) == (width < 200)
