"""What a build folder of somebody else can make this machine do: show what is in it, and no more."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from emgdeploy import boards, emulate, state
from emgdeploy.boards import load_board, read_board
from emgdeploy.errors import InputError
from emgdeploy.firmware import builds, integrity, manifest, trust
from emgdeploy.firmware.exports import ExportRequest, export
from support.commands.command import Cli

OLD = Path(__file__).parent / "build_0_1_0"


@pytest.fixture
def folder(tiny_build: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_build, tmp_path / "b"))


def _with_another_program(folder: Path, script: str) -> None:
    """A folder that is sound in itself, whose program this machine did not build."""
    (folder / "firmware.elf").write_text(f"#!/bin/sh\n{script}\n")
    made = manifest.load(folder)
    hashes = {**(made.hashes or {}), "firmware.elf": integrity.of_folder(folder)["firmware.elf"]}
    manifest.save(dataclasses.replace(made, hashes=hashes), folder)


@pytest.mark.parametrize("verb", [("bench",), ("flash",), ("doctor", "--link-test")])
def test_a_foreign_program_is_started_only_when_asked_for(
    verb: tuple[str, ...], cli: Cli, folder: Path, tmp_path: Path
) -> None:
    _with_another_program(folder, f"touch {tmp_path}/started")
    cli(*verb, "--build", folder).fails(3, "firmware.elf was not built on this machine")
    assert not (tmp_path / "started").exists()
    cli(*verb, "--build", folder, "--trust-folder").fails(6, "the emulator ended")
    assert (tmp_path / "started").exists()


def test_a_program_is_known_by_its_content_wherever_it_lies(folder: Path, tmp_path: Path) -> None:
    made = manifest.load(folder)
    with emulate.start(made, folder, load_board("native")):
        pass  # a copy of what was built here
    moved = folder / "firmware.elf"
    moved.write_bytes(moved.read_bytes() + b"\0")
    with pytest.raises(InputError, match="not built on this machine"):
        trust.check(moved)


def test_where_nothing_can_be_remembered_the_build_says_what_follows(
    cli: Cli, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("in the way")
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = cli("build", "--board", "native", "--model", tiny_model, "--out", tmp_path / "b", env=env)
    done.succeeds()
    assert "need --trust-folder" in done.err
    cli("bench", "--build", tmp_path / "b", "--limit", "1", env=env).fails(3)


@pytest.mark.parametrize(
    "name", ["b/evil.toml", "../b/evil.toml", "/b/evil.toml", "evil.toml", "", "a b", "é"]
)
def test_a_board_is_a_name_and_never_a_file_of_the_folder(name: str, folder: Path) -> None:
    table = json.loads((folder / manifest.FILE).read_text())
    (folder / manifest.FILE).write_text(json.dumps(table | {"board": name}))
    with pytest.raises(InputError, match="board must be a name"):
        manifest.load(folder)


def test_the_most_recent_build_lies_below_the_same_folder_or_was_built_from_here(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    latest = tmp_path / "build" / "latest"
    latest.parent.mkdir()
    for text in (str(folder), f"{tmp_path}/build/../b", "b"):
        latest.write_text(text)
        with pytest.raises(InputError, match="was not built from here"):
            builds.find(None)
    builds.remember(folder)
    assert builds.find(None)[0] == folder
    inside = Path(shutil.copytree(folder, latest.parent / "inside"))
    latest.write_text(str(inside))
    assert builds.find(None)[0] == inside


def test_the_most_recent_build_may_have_a_name_that_is_no_text(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    odd = folder.rename(tmp_path / "b\udcff")
    builds.remember(odd)
    assert builds.find(None)[0] == odd


def test_every_file_of_a_build_has_its_hash_and_each_changed_one_is_named(folder: Path) -> None:
    made = manifest.load(folder)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert made.hashes is not None and set(made.hashes) == there - {manifest.FILE}
    assert {*made.artifacts.values(), *made.sources, *made.firmware_sources} <= set(made.hashes)
    for name in made.hashes:
        before = (folder / name).read_bytes()
        (folder / name).write_bytes(before + b"\n")
        with pytest.raises(InputError, match=f"changed since it was built: {name}$"):
            integrity.check_all(folder, made.hashes)
        (folder / name).write_bytes(before)
    integrity.check_all(folder, made.hashes)


def test_bench_says_which_file_was_changed(cli: Cli, folder: Path) -> None:
    for name in ("golden.npz", "src/model.c"):
        (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    cli("bench", "--build", folder).fails(3, "changed since it was built", "golden.npz", "src/model.c")
    assert not (folder / "bench.json").exists()


def test_an_artefact_that_lost_its_hash_is_refused(folder: Path) -> None:
    made = manifest.load(folder)
    kept = {name: digest for name, digest in (made.hashes or {}).items() if name != "golden.npz"}
    with pytest.raises(InputError, match="not among the files that the build made"):
        dataclasses.replace(made, hashes=kept).artifact(folder, "golden")


def test_an_export_takes_the_files_of_the_build_and_no_others(folder: Path, tmp_path: Path) -> None:
    made, board = manifest.load(folder), load_board("native")
    (folder / "src" / "runtime" / "kernels" / "evil.h").write_text("#error foreign\n")
    done = export(ExportRequest(folder, made, board, "c", tmp_path / "c"))
    assert done.files and not any("evil" in name for name in done.files)
    (folder / "src" / "model.c").write_text("int foreign;\n")
    with pytest.raises(InputError, match=r"changed since it was built: src/model\.c"):
        export(ExportRequest(folder, made, board, "c", tmp_path / "c"))


def test_a_folder_of_the_first_version_opens_with_one_warning(cli: Cli, tmp_path: Path) -> None:
    assert manifest.load(OLD).hashes is None
    done = cli("build", "--board", "nucleo-l4r5zi", "--model", OLD, "--out", tmp_path / "b")
    done.succeeds()
    assert done.err.count("0.1.0, which kept no hashes") == 1
    again = manifest.load(tmp_path / "b")
    assert again.hashes and again.model_sha256 == manifest.load(OLD).model_sha256


def test_a_board_file_given_by_path_is_known_by_its_name_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    text = load_board("nucleo-l4r5zi").file.read_text()
    (tmp_path / "mine.toml").write_text(text.replace('"nucleo-l4r5zi"', '"mine"'))
    mine = read_board(tmp_path / "mine.toml")
    said = boards.keep(mine)
    assert said is not None and str(state.own_boards() / "mine.toml") in said
    assert load_board("mine") == dataclasses.replace(mine, file=state.own_boards() / "mine.toml")
    assert boards.keep(mine) is None
    (tmp_path / "mine.toml").write_text(text.replace('"nucleo-l4r5zi"', '"mine"').replace("115200", "9600"))
    assert boards.keep(read_board(tmp_path / "mine.toml")) is not None
    assert load_board("mine").uart.baud == 9600


def test_a_board_file_never_takes_the_place_of_a_packaged_board(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    packaged = load_board("nucleo-l4r5zi")
    other = tmp_path / "nucleo-l4r5zi.toml"
    other.write_text(packaged.file.read_text().replace("115200", "9600"))
    said = boards.keep(read_board(other))
    assert said is not None and "another board of the name nucleo-l4r5zi" in said
    assert load_board("nucleo-l4r5zi") == packaged and not state.own_boards().exists()
