"""Whether a model fits is answered before anything is compiled, and with a way out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest

from emgdeploy.boards import Board, load_board
from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate
from emgdeploy.deploy.advice import fitting_width, larger_boards
from emgdeploy.deploy.build import build
from emgdeploy.deploy.job import Job
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.errors import DoesNotFitError
from emgdeploy.firmware import memory_budget as fits
from emgdeploy.firmware.manifest_parts import MemoryUse
from emgdeploy.firmware.memory_budget import Need, TooLarge
from emgdeploy.graph import read_tflite
from emgdeploy.nets.mobilenetv2 import MobileNetV2, MobileNetV2Config, expansion_of
from support.machines.proof import known_answer
from support.models.maker import Maker


@pytest.fixture(autouse=True)
def _without_any_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def _network(width: float) -> MobileNetV2:
    return MobileNetV2(MobileNetV2Config(8, expansion=expansion_of(width)))


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A bare state dict of width 1, as the published project saves them."""
    import torch

    torch.save(_network(1.0).state_dict(), tmp_path / "wide.pt")
    return tmp_path / "wide.pt"


def _with_memory(board: Board, name: str, size: int) -> Board:
    memories = tuple(
        dataclasses.replace(memory, size=size) if memory.name == name else memory for memory in board.memories
    )
    return dataclasses.replace(board, memories=memories)


def test_width_1_on_a_spresense_names_the_bytes_and_the_width_that_fits(wide: Path, tmp_path: Path) -> None:
    network = _network(1.0)
    weights = sum(p.numel() for p in network.parameters() if p.dim() > 1)
    with pytest.raises(DoesNotFitError) as caught:
        build(BuildRequest(load_board("spresense"), wide, tmp_path / "b"))
    missing = weights + 133_120 - 1_572_864
    assert f"is at least {missing:,} bytes too small" in caught.value.message
    assert f"weights and parameters take {weights:,}, NuttX 133,120" in caught.value.message
    assert "fullest in the layer layers.2.conv2" in caught.value.message
    assert "width 0.4 fits" in caught.value.hint and caught.value.exit_code == 5
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("size", "width"), [(2_200_000, 0.7), (1_572_864, 0.4), (1_250_000, 0.2), (900_000, None)]
)
def test_the_width_that_fits_depends_on_the_memory(size: int, width: float | None) -> None:
    board = _with_memory(load_board("spresense"), "ram", size)
    assert fitting_width(board, "nuttx", _network(1.0)) == width


def test_only_narrower_networks_of_the_same_family_are_proposed() -> None:
    from torch import nn

    spresense = load_board("spresense")
    assert fitting_width(spresense, "nuttx", _network(0.4)) == 0.2
    assert fitting_width(spresense, "nuttx", _network(0.2)) is None
    assert fitting_width(spresense, "nuttx", nn.Linear(3, 4)) is None


def test_a_larger_board_is_proposed_when_there_is_one() -> None:
    small = load_board("nucleo-l4p5zg")
    assert [board.name for board in larger_boards(small, Need(1_300_000, 10_000, "x"))] == [
        "nucleo-l4r5zi",
        "spresense",
    ]
    assert larger_boards(small, Need(3_000_000, 10_000, "x")) == []


def test_a_tflite_is_planned_before_a_compiler_is_looked_for(tiny_model: Path, tmp_path: Path) -> None:
    board = _with_memory(load_board("nucleo-l4r5zi"), "ram", 64)
    with pytest.raises(DoesNotFitError) as caught:
        build(BuildRequest(board, tiny_model, tmp_path / "b"))
    assert "memory ram (64 bytes) is at least " in caught.value.message
    assert "fullest in layer " in caught.value.message
    assert "spresense has room for this one" in caught.value.hint


def test_a_model_that_computes_nothing_fits() -> None:
    m = Maker(0)
    x = m.value((1, 4, 6))
    tflite = m.writer.finish([x.index], [m.reshaped(x, (1, 24)).index])
    model = generate(read_tflite(tflite), CodegenOptions(known_answer(tflite)))
    assert model.layers == ()
    assert fits.need_of(model) == fits.Need(0, 24, "its input")


def test_the_mode_that_saves_memory_is_proposed_where_it_is_enough(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Job.generate

    def wasteful(job: Job, chosen: Mapping[int, str] | None) -> GeneratedModel:
        made = real(job, chosen)
        return made if job.request.optimize == "memory" else dataclasses.replace(made, arena_bytes=700_000)

    monkeypatch.setattr(Job, "generate", wasteful)
    with pytest.raises(DoesNotFitError) as caught:
        build(BuildRequest(load_board("nucleo-l4r5zi"), tiny_model, tmp_path / "b"))
    assert "the arena 700,000" in caught.value.message
    assert caught.value.hint.startswith("--optimize memory fits (an arena of ")


def test_the_operating_system_counts() -> None:
    spresense = load_board("spresense")
    need = Need(1_572_864 - 160_000 - fits.CODE_ALLOWANCE, 0, "x")
    assert fits.fits(spresense, need, "nuttx") and not fits.fits(spresense, need, "sdk")
    full = (MemoryUse("ram", 1_572_864 - 63_000, 1_572_864),)
    note = fits.only_the_other_system(spresense, full)
    assert note is not None and note.startswith("488 bytes too large for the Spresense SDK")
    assert fits.only_the_other_system(spresense, (MemoryUse("ram", 1_000_000, 1_572_864),)) is None


def test_flash_and_ram_are_different_memories() -> None:
    board = load_board("nucleo-l4r5zi")
    need = Need(2_000_000, 700_000, "x")
    uses = {use.name: use.used for use in fits.least_use(board, need, code=1000)}
    assert uses == {"flash": 2_001_000, "ram": 700_000}
    with pytest.raises(TooLarge, match=r"memory ram \(655,360 bytes\) is 44,640 bytes too small"):
        fits.check(board, fits.least_use(board, need), need)
