"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from emgdeploy import bounded, files
from emgdeploy.errors import InputError, ToolMissingError
from emgdeploy.files import replacing, write_atomic
from emgdeploy.optional import load


def test_write_makes_folders_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    write_atomic(path, "one\r\n")
    write_atomic(path, b"\x00two")
    assert path.read_bytes() == b"\x00two"
    assert [p.name for p in path.parent.iterdir()] == ["b.json"]


def test_text_keeps_its_line_ends(tmp_path: Path) -> None:
    write_atomic(tmp_path / "t", "a\r\nb\nµ")
    assert (tmp_path / "t").read_bytes() == "a\r\nb\nµ".encode()


def test_the_new_file_has_ordinary_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    write_atomic(tmp_path / "ours", "")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


def test_content_is_on_the_disk_before_the_name_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, rename = list[str](), Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: steps.append(f"{os.fstat(handle).st_size} bytes"))

    def renamed(old: Path, new: Path) -> Path:
        steps.append("name")
        return rename(old, new)

    monkeypatch.setattr(Path, "replace", renamed)
    write_atomic(tmp_path / "a", "four")
    assert steps == ["4 bytes", "name"]


def test_what_cannot_be_written_is_named_as_the_user_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(old: Path, new: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device", str(old), None, str(new))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError) as caught:
        write_atomic(tmp_path / "a.json", "x")
    assert caught.value.filename == str(tmp_path / "a.json")


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.npz"]


def test_numpy_keeps_the_name_it_is_given(tmp_path: Path) -> None:
    with replacing(tmp_path / "x.npz") as temporary:
        np.savez(temporary, x=np.arange(3))
    assert np.load(tmp_path / "x.npz")["x"].tolist() == [0, 1, 2]


def test_a_missing_package_names_its_extra() -> None:
    with pytest.raises(ToolMissingError) as caught:
        load("surely_not_installed.part", extra="convert")
    assert "surely_not_installed is not installed" in caught.value.message
    assert 'pip install "emgdeploy[convert]"' in caught.value.hint


def test_a_package_that_breaks_on_import_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "halfbroken.py").write_text("import another_that_is_missing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ToolMissingError, match=r"halfbroken cannot be loaded.*another_that_is_missing"):
        load("halfbroken", extra="train")


def test_a_present_package_is_returned() -> None:
    assert load("json", extra="train").dumps([1]) == "[1]"


def test_a_file_is_read_whole_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(200_000))
    assert len(bounded.read(tmp_path / "a", 200_000, "")) == 200_000
    with pytest.raises(InputError, match="larger than"):
        bounded.read(tmp_path / "a", 199_999, "")


def test_another_users_process_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(process: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    assert files._lives(1)
