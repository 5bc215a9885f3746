"""The second way to count: the firmware itself in QEMU, block by block, as for Cortex-M55."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.boards import load_board
from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert import golden
from emgdeploy.convert.reference import Reference
from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles import Profiler
from emgdeploy.emulate.cycles.bare import link_alone, profiler_alone
from emgdeploy.emulate.cycles.folder import READY
from emgdeploy.emulate.cycles.image import read_image
from emgdeploy.emulate.cycles.qemu import QemuMachine
from emgdeploy.errors import EmgDeployError
from emgdeploy.firmware import manifest
from emgdeploy.graph import read_tflite
from support.commands.command import Cli
from support.random_models.random_graphs import random_graph

BOARD = "qemu-mps2-an386"


def test_qemu_and_unicorn_count_the_same_in_a_firmware(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "build"
    cli("build", "--board", BOARD, "--model", tiny_model, "--out", folder).succeeds()
    made, windows = manifest.load(folder), golden.load(folder / "golden.npz")
    elf, x, y = made.artifact(folder, "elf"), windows.x[0].tobytes(), windows.y[0].tobytes()
    unicorn = Profiler(elf, made.core, len(x), len(y)).run(x)
    memory = load_board(BOARD).memories_for("data")[0]
    image = read_image(elf)
    arguments = memory.origin + memory.size - 8192
    with QemuMachine(elf, image, "mps2-an386", image.function(READY), arguments) as machine:
        profiler = Profiler(elf, made.core, len(x), len(y), machine=machine)
        qemu = profiler.run(x)
        assert profiler.run(x) == qemu
    assert qemu.output == unicorn.output == y
    assert qemu == unicorn


@pytest.mark.parametrize("seed", [3, 8])
def test_cortex_m55_runs_and_repeats(seed: int, tmp_path: Path) -> None:
    data = random_graph(seed, dtype="int8", float_io=0.0)
    reference = Reference(data)
    x = np.random.default_rng(1).integers(-128, 128, (2, *reference.input.shape[1:]), np.int8)
    y = reference.run(x)
    core = CORES["cortex-m55"]
    model = generate(read_tflite(data), CodegenOptions(known_answer=(x[0], y[0]), isa=core.isa))
    elf = link_alone(model, core, tmp_path)
    with profiler_alone(elf, core, x[0].nbytes, y[0].nbytes) as profiler:
        profiles = [profiler.run(window.tobytes()) for window in (*x, x[0])]
    assert [profile.output for profile in profiles[:2]] == [answer.tobytes() for answer in y]
    assert profiles[2] == profiles[0]
    assert profiles[0].total.cycles is None and profiles[0].total.instructions > 0


def test_a_firmware_that_does_not_start_ends_in_a_sentence(tmp_path: Path) -> None:
    from support.machines.images import image

    # No vector table: the core locks up at reset.
    elf = image({"emg_model_invoke": "bx lr", "ready": "b ."}, tmp_path)
    loaded = read_image(elf)
    with pytest.raises(EmgDeployError, match=r"stopped at|takes too long|ended"):
        QemuMachine(elf, loaded, "mps2-an386", loaded.function("ready"), 0x20001000)
