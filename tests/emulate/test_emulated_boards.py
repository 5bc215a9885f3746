"""The emulated boards with other cores: built, flashed, benched over their serial port, like the first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emgdeploy.boards import load_board
from emgdeploy.emulate.cycles.image import read_image
from emgdeploy.emulate.cycles.qemu import QemuMachine
from emgdeploy.errors import EmgDeployError
from support.commands.command import Cli
from support.machines.images import image

BOARDS = {"qemu-mps2-an500": "dsp", "qemu-mps2-an505": "dsp", "qemu-mps3-an547": "mve"}


@pytest.mark.parametrize("board", BOARDS)
def test_from_model_to_verdict(board: str, cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "build"
    cli("build", "--board", board, "--model", tiny_model, "--out", out).succeeds()
    assert f"/{BOARDS[board]}/" in " ".join(json.loads((out / "manifest.json").read_text())["sources"])
    cli("flash", "--build", out).succeeds()
    cli("bench", "--build", out, "--limit", 3).succeeds()
    verdict = json.loads((out / "bench.json").read_text())
    assert verdict["correct_bits"] == verdict["windows"] == 3
    timing = verdict["timing"]
    assert timing["expected"] and abs(timing["ratio"] - 1) <= timing["gate"] == 0.01


def test_a_machine_that_qemu_lacks_is_named(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    boards = tmp_path / "boards"
    boards.mkdir()
    text = (
        load_board("qemu-mps2-an500").file.read_text().replace('machine = "mps2-an500"', 'machine = "mps9"')
    )
    (boards / "mine.toml").write_text(text.replace('name = "qemu-mps2-an500"', 'name = "mine"'))
    out = tmp_path / "build"
    cli("build", "--board", "mine", "--boards-dir", boards, "--model", tiny_model, "--out", out).succeeds()
    done = cli("flash", "--build", out, "--boards-dir", boards)
    assert done.status != 0
    done.fails(done.status, "unsupported machine type")
    assert "7.2" in done.err.splitlines()[-1]


def test_the_profiler_says_so_too(tmp_path: Path) -> None:
    elf = image({"emg_model_invoke": "bx lr", "ready": "b ."}, tmp_path)
    loaded = read_image(elf)
    with pytest.raises(EmgDeployError, match="unsupported machine type"):
        QemuMachine(elf, loaded, "mps9", loaded.function("ready"), 0x20001000)
