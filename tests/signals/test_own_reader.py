"""`--dataset module:function`: a reader of one's own, and one sentence for each way in which it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import datasets

CODE = """
import numpy as np
from emgdeploy.errors import InputError
from emgdeploy.signals.recordings import Dataset, Recording
def made(folder, samples=np.ones((200, 4), np.float32), label=1, labels=("rest", "fist"), rate=1000.0, grid=(2, 2)):
    y = np.full(200, label)
    one = [Recording(samples, y, 1, session, 1) for session in (1, 2)]
    return Dataset("mine", tuple(one), labels, rate, grid, tuple(range(4)))
def refused(folder): raise InputError(f"nothing in {folder}", "look")
def broken(folder): raise KeyError("emg")
def text(folder): return "text"
def wide(folder): return made(folder, grid=(1, 8))
def narrow(folder): return made(folder, np.ones((200, 3), np.float32))
def double(folder): return made(folder, np.ones((200, 4)))
def unknown(folder): return made(folder, label=2)
def slow(folder): return made(folder, rate=0)
def nameless(folder): return made(folder, labels=())
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "myreader.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "myreader", None)
    __import__("sys").modules.pop("myreader")


def test_a_reader_of_ones_own(tmp_path: Path) -> None:
    dataset = datasets.load("myreader:made", tmp_path)
    assert dataset.name == "myreader:made" and len(dataset.recordings) == 2
    assert datasets.default_preprocess(dataset).grid == (2, 2)
    assert len(datasets.load("myreader:made", None, None, [2]).recordings) == 1
    with pytest.raises(InputError, match="nothing in"):
        datasets.load("myreader:refused", tmp_path)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("absent", "has no function absent"),
        ("broken", "raised KeyError: 'emg'"),
        ("text", "gives a str"),
        ("wide", "4 electrodes for a grid of 1 x 8"),
        ("narrow", "electrode 3 is missing"),
        ("double", "float32"),
        ("unknown", "labels must be from -1 to 1"),
        ("slow", "a rate of 0 Hz"),
        ("nameless", "gives no recordings, or labels"),
    ],
)
def test_what_cannot_be_is_said(function: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as found:
        datasets.load(f"myreader:{function}", None)
    assert found.value.message.startswith(f"--dataset myreader:{function}")
