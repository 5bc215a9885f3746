"""`build --weights ram`: where the linker put them, what it says of it, and that answers stay the same."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from emgdeploy.boards import Board, load_board
from emgdeploy.deploy.build import build
from emgdeploy.deploy.inventory import parts
from emgdeploy.deploy.request import BuildRequest, like
from emgdeploy.emulate.cycles.folder import profile_folder
from emgdeploy.errors import UsageError
from emgdeploy.firmware import manifest
from emgdeploy.firmware.manifest import Manifest
from support.commands.command import Cli
from support.models.layered_net import layered_tflite

BOARD = "qemu-mps2-an386"
_ARRAY = re.compile(r"^(const )?\w+ (\w+_(\d+))\[\d+\] = \{$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of several convolutions of different sizes."""
    path = tmp_path_factory.mktemp("layered") / "model.tflite"
    path.write_bytes(layered_tflite())
    return path


@pytest.fixture(scope="module")
def folders(model: Path, tmp_path_factory: pytest.TempPathFactory, cli: Cli) -> dict[str, Path]:
    """The same build by --weights, "flash" standing for not naming it; in a folder that is no test's own."""
    top = tmp_path_factory.mktemp("weights")
    for name, more in (("flash", ()), ("ram", ("--weights", "ram"))):
        cli("build", "--board", BOARD, "--model", model, *more, "--out", top / name, cwd=top).succeeds()
    return {name: top / name for name in manifest.WEIGHTS}


def _with_ram(board: Board, size: int) -> Board:
    memories = tuple(replace(m, size=size) if "data" in m.holds else m for m in board.memories)
    return replace(board, memories=memories)


def _places(folder: Path) -> dict[str, int]:
    """The address of each constant array of the generated C, as the linker placed it."""
    listing = subprocess.run(
        ["arm-none-eabi-nm", str(folder / "firmware.elf")], check=True, capture_output=True, text=True
    ).stdout
    symbols = {line.split()[2]: int(line.split()[0], 16) for line in listing.splitlines() if line[0] != " "}
    arrays = [name for _, name, _ in _ARRAY.findall((folder / "src" / "model_data.c").read_text())]
    return {name: symbols[name] for name in arrays}


def _lie_where_it_says(folder: Path, made: Manifest, board: Board) -> None:
    """Every array lies in the memory that the manifest names for a layer, and their sizes add up."""
    found = {
        next(m.name for m in board.memories if 0 <= at - m.origin < m.size) for at in _places(folder).values()
    }
    assert found == {layer.constants_memory for layer in made.layers} - {None}
    for layer in made.layers:
        assert (layer.constants_ram_bytes > 0) is (layer.constants_memory == "ram")
    assert made.constants_ram_bytes == sum(layer.constants_ram_bytes for layer in made.layers)
    text = (folder / "src" / "model_data.c").read_text()
    for constant, name, _ in _ARRAY.findall(text):
        in_ram = _places(folder)[name] >= board.memories_for("data")[0].origin
        assert in_ram is (constant == ""), name


def test_on_an_emulated_board_every_answer_is_right(folders: dict[str, Path], cli: Cli) -> None:
    cli("bench", "--build", folders["ram"], "--limit", 3).succeeds()
    assert json.loads((folders["ram"] / "bench.json").read_text())["correct_bits"] == 3


def test_it_lies_where_it_is_said_to(folders: dict[str, Path], cli: Cli) -> None:
    made = {name: manifest.load(folder) for name, folder in folders.items()}
    constants = made["ram"].weights_bytes + made["ram"].params_bytes
    for name, copied in (("flash", 0), ("ram", constants)):
        assert (made[name].weights, made[name].constants_ram_bytes) == (name, copied)
        _lie_where_it_says(folders[name], made[name], load_board(BOARD))
    same = ("weights_bytes", "params_bytes", "code_bytes", "arena_bytes", "stack_bytes")
    assert all(getattr(made["ram"], name) == getattr(made["flash"], name) for name in same)
    aligned = made["ram"].ram_bytes - made["flash"].ram_bytes - constants
    assert 0 <= aligned < 8 * len(_places(folders["ram"]))
    shown = cli("size", "--build", folders["ram"], "--json")
    sizes = json.loads(shown.out)
    assert {"name": "weights and parameters copied to RAM", "stored": 0, "ram": constants} in sizes["parts"]
    assert (
        sizes["constants_ram_bytes"]
        == sum(row["constants_ram_bytes"] for row in sizes["layers"])
        == constants
    )
    assert "read from" in shown.err


def test_the_option_is_in_the_header_where_it_is_given(folders: dict[str, Path]) -> None:
    texts = {name: (folder / "src/model.c").read_text() for name, folder in folders.items()}
    assert "--weights ram" in texts["ram"] and "--weights" not in texts["flash"]


def test_the_cycle_model_shows_what_it_gains(folders: dict[str, Path]) -> None:
    """With the wait states of a NUCLEO-L4R5ZI, and nothing without any."""
    cycles: dict[tuple[str, int], int] = {}
    for name, folder in folders.items():
        for states in (0, 5):
            found = profile_folder(folder, manifest.load(folder), wait_states=states)
            assert found.exact and found.profile.total.cycles is not None
            cycles[name, states] = found.profile.total.cycles
    assert cycles["ram", 0] == cycles["flash", 0] < cycles["ram", 5] < cycles["flash", 5]


def test_a_folder_is_built_again_with_its_weights_where_they_were(
    folders: dict[str, Path], tmp_path: Path, cli: Cli
) -> None:
    again = ("build", "--board", BOARD, "--model", folders["ram"], "--out")
    cli(*again, tmp_path / "same").succeeds()
    for name in ("firmware.elf", "src/model.c", "manifest.json"):
        assert (tmp_path / "same" / name).read_bytes() == (folders["ram"] / name).read_bytes(), name
    cli(*again, tmp_path / "other", "--weights", "flash").succeeds()
    other, plain = manifest.load(tmp_path / "other"), manifest.load(folders["flash"])
    assert other.firmware_build_id == plain.firmware_build_id and other.weights == "flash"


def test_only_as_much_as_the_ram_holds(model: Path, folders: dict[str, Path], tmp_path: Path) -> None:
    """Nothing overflows, and a build with taps has the same C, though the RAM is as full as it may be."""
    plain = manifest.load(folders["flash"])
    room = (plain.weights_bytes + plain.params_bytes) // 2
    tight = next(use.used for use in plain.memories if use.name == "ram") + 1024 + 8 * len(plain.layers)
    board, out = _with_ram(load_board(BOARD), tight + room), tmp_path / "half"
    made = build(BuildRequest(board, model, out, weights="ram"))
    assert made.constants_ram_bytes <= room and all(use.used <= use.size for use in made.memories)
    assert any(layer.constants_ram_bytes for layer in made.layers)
    assert any(layer.constants_memory == "flash" for layer in made.layers)
    _lie_where_it_says(out, made, board)
    assert sum(part.stored for part in parts(made)) == made.flash_bytes
    assert all(part.stored >= 0 and part.ram >= 0 for part in parts(made))
    taps = build(replace(like(out, made, board, tmp_path / "taps"), taps=True))
    assert taps.layers == made.layers and taps.taps_of == made.firmware_build_id
    assert (tmp_path / "taps/src/model.c").read_bytes() == (out / "src/model.c").read_bytes()


def test_boards_that_run_from_ram_refuse(model: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("build", "--board", "spresense", "--model", model, "--weights", "ram", "--out", tmp_path / "b")
    done.fails(2, "spresense runs from RAM")
    board = load_board("spresense")
    ram = board.memories[0]
    split = (
        replace(ram, name="flash", origin=0, holds=("code", "constants")),
        replace(ram, holds=("data",)),
    )
    with pytest.raises(UsageError, match="known to nuttx alone"):
        build(BuildRequest(replace(board, memories=split), model, tmp_path / "b", weights="ram"))
