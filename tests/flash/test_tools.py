"""Flash programs of others: the command we give them, and what we make of their answer."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import pytest

from emgdeploy.boards import Board, FlashBackend, load_board
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.errors import InputError, LinkError, ToolMissingError, UsageError
from emgdeploy.firmware import manifest as manifests
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.flash import flash


@pytest.fixture(scope="module")
def made(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    home = tmp_path_factory.mktemp("stm32")
    before = Path.cwd()
    os.chdir(home)
    try:
        build(BuildRequest(load_board("nucleo-l4r5zi"), tiny_model, home / "b"))
    finally:
        os.chdir(before)
    return home / "b", manifests.load(home / "b")


def _program(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def _board(kind: str, **args: str | int) -> Board:
    return dataclasses.replace(load_board("nucleo-l4r5zi"), flash=FlashBackend(kind, dict(args)))


@pytest.mark.parametrize(
    ("kind", "args", "words"),
    [
        ("openocd", {"interface": "a.cfg", "target": "b.cfg"}, ["-f a.cfg -f b.cfg", "verify reset exit"]),
        ("st-flash", {}, ["--reset write", "firmware.bin 0x08000000"]),
        ("st-flash", {"address": 0x0810_0000}, ["0x08100000"]),
        ("pyocd", {"target": "stm32l4r5zitx"}, ["load --target stm32l4r5zitx", "firmware.elf"]),
    ],
)
def test_each_program_gets_its_command(
    kind: str,
    args: dict[str, str | int],
    words: list[str],
    made: tuple[Path, Manifest],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _program(tmp_path, kind, f'echo "$@" > {tmp_path}/said', monkeypatch)
    done = flash(*made, _board(kind, **args))
    assert done.tool == kind and not done.handshake
    said = (tmp_path / "said").read_text()
    assert all(word in said for word in words), said


@pytest.mark.parametrize("kind", ["openocd", "st-flash", "pyocd"])
def test_no_text_of_a_folder_reaches_a_program(
    kind: str, made: tuple[Path, Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a path that Tcl would run, nor settings and scripts that lie where the user stands."""
    folder = Path(shutil.copytree(made[0], tmp_path / "f} [exec touch tcl] {"))
    names = {"elf": "x} [exec touch tcl] {y.elf", "bin": "-x$(touch shell);`touch shell`.bin"}
    for kind_of_file, name in names.items():
        shutil.copyfile(folder / made[1].artifacts[kind_of_file], folder / name)
    manifest = dataclasses.replace(made[1], artifacts={**made[1].artifacts, **names}, hashes=None)
    (folder / "interface").mkdir()
    for script in ("interface/stlink.cfg", "openocd.cfg", "pyocd_user.py"):
        (folder / script).write_text("exec touch cwd\n")
    monkeypatch.chdir(folder)
    said = tmp_path / "said"
    _program(
        tmp_path,
        kind,
        f'for word in "$@"; do echo "$word"; done > {said}; ls -A > {said}.folder',
        monkeypatch,
    )
    board = _board(kind, interface="interface/stlink.cfg", target="target/x.cfg")
    flash(folder, manifest, board)
    assert not {"tcl", "shell", "f}", "x}"} & set(said.read_text().replace("/", " ").split())
    assert said.with_name("said.folder").read_text() in ("firmware.elf\n", "firmware.bin\n")


def test_a_script_beside_the_board_file_is_found(
    made: tuple[Path, Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "probe.cfg").write_text("")
    _program(tmp_path, "openocd", f'echo "$@" > {tmp_path}/said', monkeypatch)
    board = dataclasses.replace(
        _board("openocd", interface="probe.cfg", target="x.cfg"), file=tmp_path / "b.toml"
    )
    flash(*made, board)
    assert f"-f {tmp_path}/probe.cfg -f x.cfg" in (tmp_path / "said").read_text()


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("st-flash", {"address": "abc"}),
        ("st-flash", {"address": -1}),
        ("st-flash", {"address": 1 << 32}),
        ("openocd", {"interface": 3, "target": "x.cfg"}),
        ("pyocd", {"target": "--script=evil.py"}),
    ],
)
def test_an_argument_that_makes_no_sense_is_named(
    kind: str, args: dict[str, str | int], made: tuple[Path, Manifest]
) -> None:
    with pytest.raises(InputError, match=r"flash\.(address|interface|target) = "):
        flash(*made, _board(kind, **args))


def test_a_program_that_fails_is_quoted(
    made: tuple[Path, Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "echo 'Open On-Chip Debugger 0.12' >&2; printf 'Error: open \\033[31mfailed\\n' >&2; exit 1"
    _program(tmp_path, "openocd", script, monkeypatch)
    with pytest.raises(LinkError) as caught:
        flash(*made, load_board("nucleo-l4r5zi"))
    assert "openocd failed: Error: open \\x1b[31mfailed" in caught.value.message


def test_a_missing_program(
    made: tuple[Path, Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError) as caught:
        flash(*made, load_board("nucleo-l4r5zi"))
    assert caught.value.hint == "apt-get install openocd"


def test_a_board_file_without_the_argument(made: tuple[Path, Manifest]) -> None:
    with pytest.raises(InputError, match=r"flash\.target is missing"):
        flash(*made, _board("pyocd"))


def test_a_board_flashed_by_hand(made: tuple[Path, Manifest]) -> None:
    with pytest.raises(UsageError) as caught:
        flash(*made, _board("manual"))
    assert "firmware.bin" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "says", "read_back"),
    [
        ("openocd", "** Programming Finished **\n** Verified OK **", True),
        ("openocd", "** Programming Finished **", False),
        ("st-flash", "Flash written and verified! jolly good!", True),
        ("pyocd", "Erased 65536 bytes, programmed 65536 bytes", False),
    ],
)
def test_read_back_is_what_the_program_says_it_did(
    kind: str,
    says: str,
    read_back: bool,
    made: tuple[Path, Manifest],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _program(tmp_path, kind, f"echo '{says}' >&2", monkeypatch)
    done = flash(*made, _board(kind, interface="a.cfg", target="b.cfg"))
    assert done.read_back is read_back and done.selftest is None


def test_a_flash_that_does_not_end_well_leaves_no_word_of_the_one_before(
    made: tuple[Path, Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path, "openocd", "exit 1", monkeypatch)
    (made[0] / "flashed.json").write_text('{"handshake": true}')
    with pytest.raises(LinkError):
        flash(*made, load_board("nucleo-l4r5zi"))
    assert not (made[0] / "flashed.json").exists()
