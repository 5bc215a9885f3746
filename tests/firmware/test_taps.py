"""A build with taps is the build without, and what hands out its layers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emgdeploy.boards import load_board
from emgdeploy.codegen import CodegenOptions
from emgdeploy.codegen.generate import kernels_by_operator
from emgdeploy.convert import golden
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest, Fits, like
from emgdeploy.emulate.cycles.folder import profile_folder
from emgdeploy.errors import InputError, UsageError
from emgdeploy.firmware import manifest
from emgdeploy.firmware.exports.export import ExportRequest, export
from emgdeploy.graph.types import Graph
from support.commands.command import Cli

_ADDED = {"src/runtime/taps/taps.c", "src/runtime/taps/taps.h"}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sources(folder: Path) -> dict[str, bytes]:
    """Path -> content of what is compiled, but for the IDs of the build."""
    paths = [path for path in (folder / "src").rglob("*") if path.is_file() and path.name != "build_info.h"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("name", ["qemu-mps3-an547", "nucleo-l4r5zi", "spresense"])
def test_nothing_else_is_changed(name: str, tiny_model: Path, tmp_path: Path) -> None:
    """The plan is in model.c: offsets of all tensors and scratch. Linker scripts hold the stack's size."""
    board = load_board(name)
    plain = build(BuildRequest(board, tiny_model, tmp_path / "plain"))
    taps = build(BuildRequest(board, tiny_model, tmp_path / "taps", taps=True))
    before, after = sources(tmp_path / "plain"), sources(tmp_path / "taps")
    assert after.keys() - before.keys() == _ADDED and before.keys() <= after.keys()
    assert {path for path in before if before[path] != after[path]} <= {"src/platform/linker.ld"}
    assert (taps.taps_of, plain.taps_of) == (plain.firmware_build_id, None)
    assert taps.firmware_build_id != plain.firmware_build_id and taps.model_sha256 == plain.model_sha256
    assert (taps.arena_bytes, taps.layers, taps.sources) == (plain.arena_bytes, plain.layers, plain.sources)
    assert not any("stack" in note for note in taps.notes)  # its bound is proven too
    grown = taps.flash_bytes - plain.flash_bytes
    assert 0 < grown < 2048 and taps.ram_bytes - plain.ram_bytes < 512 + grown  # some run from RAM
    if "elf" in plain.artifacts:
        for folder, there in (("plain", False), ("taps", True)):
            assert (b"emg_taps_checksums" in (tmp_path / folder / "firmware.elf").read_bytes()) is there
    else:
        assert "CFLAGS += -O2 -DEMG_TAPS=2u\n" in (tmp_path / "taps" / "app" / "Makefile").read_text()
        assert "CFLAGS += -O2\n" in (tmp_path / "plain" / "app" / "Makefile").read_text()


def test_a_build_folder_is_built_again_as_it_was(tiny_model: Path, tmp_path: Path) -> None:
    """Also where the model came from elsewhere and kernels were chosen by counting."""

    def second_best(graph: Graph, options: CodegenOptions, core: object, fits: Fits) -> dict[int, str]:
        found = kernels_by_operator(graph, options)
        return {op: list(kernels)[1] for op, kernels in found.items() if len(kernels) > 1}

    board = load_board("qemu-mps2-an386")
    first = build(BuildRequest(board, tiny_model, tmp_path / "a", "memory", tuner=second_best))
    assert first.chosen and first.model == "tiny.tflite"
    loaded = manifest.load(tmp_path / "a")
    assert loaded == first
    tiny_copy = like(tmp_path / "a", loaded, board, tmp_path / "b")
    again = build(tiny_copy)
    assert again.firmware_build_id == first.firmware_build_id
    assert sources(tmp_path / "a") == sources(tmp_path / "b")
    assert (tmp_path / "a" / "golden.npz").read_bytes() == (tmp_path / "b" / "golden.npz").read_bytes()


def test_from_the_command_line(cli: Cli, tiny_build: Path, tmp_path: Path) -> None:
    cli("build", "--board", "native", "--model", tiny_build, "--taps", cwd=tmp_path).succeeds()
    made = manifest.load(tmp_path / "build" / "native-taps")
    assert made.taps_of == manifest.load(tiny_build).firmware_build_id
    done = cli("bench", "--limit", "3", cwd=tmp_path)
    done.succeeds()
    assert "a build with taps: every time holds its checksums too" in done.err


def test_a_build_folder_that_does_not_fit_together_is_input(tiny_build: Path, tmp_path: Path) -> None:
    made = manifest.load(tiny_build)
    (tmp_path / "model.tflite").write_bytes((tiny_build / "model.tflite").read_bytes())
    manifest.save(replace(made, hashes=None), tmp_path)
    windows = golden.load(tiny_build / "golden.npz")
    wrong = golden.Golden(windows.x[:, :2], windows.y, windows.float_logits, windows.labels, "")
    none = golden.Golden(windows.x[:0], windows.y[:0], windows.float_logits, windows.labels, "")
    for content in (wrong, none):
        golden.save(tmp_path / "golden.npz", content)
        with pytest.raises(InputError, match=r"golden\.npz is not of this build"):
            build(like(tmp_path, made, load_board("native"), tmp_path / "out"))


def test_neither_profile_nor_export(tiny_build: Path, tmp_path: Path) -> None:
    """Whose taps would be counted, or compiled without their number."""
    made = replace(manifest.load(tiny_build), taps_of="0" * 16)
    with pytest.raises(UsageError, match="is a build with taps"):
        export(ExportRequest(tiny_build, made, load_board("native"), "c", tmp_path / "out"))
    with pytest.raises(UsageError, match="is a build with taps"):
        profile_folder(tiny_build, made)
