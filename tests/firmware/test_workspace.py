"""The copy of a tree in which NuttX is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from emgdeploy.firmware.compiler import CompileError
from emgdeploy.firmware.nuttx import Tree
from emgdeploy.firmware.nuttx.workspace import Workspace


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Of a tree that is one Makefile."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "tree").mkdir()
    rule = "all:\n\t@echo level $(MAKELEVEL) of $(BOARD)\n\t@echo 'a.c:1:2: error: broken' && false\n"
    (tmp_path / "tree" / "Makefile").write_text(f"BOARD = ours\n{rule}")
    made = Workspace(Tree("nuttx", {"nuttx": tmp_path / "tree"}, "nuttx"), "test")
    with made.locked():
        made.prepare()
    return made


def test_a_make_that_called_us_does_not_reach_into_the_tree(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK's Makefile builds something else at another depth."""
    monkeypatch.setenv("MAKELEVEL", "3")
    monkeypatch.setenv("MAKEFLAGS", " -- BOARD=theirs")
    with pytest.raises(CompileError) as caught:
        place.run(["make"], place.nuttx, "building")
    assert "level 0 of ours" in caught.value.output


def test_a_failed_build_is_one_sentence_and_a_log(place: Workspace) -> None:
    with pytest.raises(CompileError) as caught:
        place.run(["make"], place.nuttx, "building")
    assert caught.value.message == "building failed: a.c:1:2: error: broken"
    assert str(place.log) in caught.value.hint and "broken" in place.log.read_text()
