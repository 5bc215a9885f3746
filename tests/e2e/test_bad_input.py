"""Boards, recordings and windows that are not what they should be."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.commands.command import Cli
from support.models.tiny import INPUT_SHAPE


def test_an_unknown_board(cli: Cli, tmp_path: Path, tiny_model: Path) -> None:
    done = cli("build", "--board", "spresence", "--model", tiny_model, "--out", tmp_path / "out")
    done.fails(3, "spresence")
    assert "spresense" in done.err.splitlines()[-1]


def test_a_broken_board_file(cli: Cli, tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "mine"\ncore = "cortex-m9"\n')
    arguments = (
        "--board",
        "mine",
        "--boards-dir",
        tmp_path,
        "--model",
        tiny_model,
        "--out",
        tmp_path / "out",
    )
    cli("build", *arguments).fails(3, "mine.toml")


@pytest.mark.parametrize("verb", ["train", "eval"])
def test_a_dataset_folder_with_nothing_in_it(warm_cli: Cli, tmp_path: Path, verb: str) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    target = ("--out", tmp_path / "out") if verb == "train" else ("--checkpoint", tmp_path / "none.pt")
    warm_cli(verb, "--dataset", "flexemg", "--data", empty, *target).fails(3)
    if verb == "train":
        warm_cli(verb, "--dataset", "flexemg", "--data", empty, *target).fails(3, "empty")
        assert not (tmp_path / "out").exists()


def test_a_dataset_folder_that_is_not_there(warm_cli: Cli, tmp_path: Path) -> None:
    arguments = ("--dataset", "flexemg", "--data", tmp_path / "nowhere", "--out", tmp_path / "out")
    warm_cli("train", *arguments).fails(3, "nowhere")


@pytest.mark.parametrize("content", ["other", "garbage", "empty"])
def test_a_mat_file_without_raw(warm_cli: Cli, tmp_path: Path, content: str) -> None:
    scipy_io = pytest.importorskip("scipy.io")
    folder = tmp_path / "data" / "001-Session1Train"
    folder.mkdir(parents=True)
    path = folder / "001-001.mat"
    if content == "other":
        scipy_io.savemat(path, {"cooked": np.zeros((10, 64), np.uint16), "p": {"lsbmV": 1.0}})
    else:
        path.write_bytes(b"MATLAB 5.0 nonsense" * 20 if content == "garbage" else b"")
    arguments = ("--dataset", "flexemg", "--data", tmp_path / "data", "--out", tmp_path / "out")
    words = ("001-001.mat", "raw") if content == "other" else ("001-001.mat",)
    warm_cli("train", *arguments).fails(3, *words)


def windows(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("shape", [(5, 3, 6, 1), (5, 24), (5, 1, 4, 6), (24,), ()])
def test_a_window_file_of_the_wrong_shape(
    cli: Cli, tmp_path: Path, tiny_build: Path, tiny_model: Path, shape: tuple[int, ...]
) -> None:
    path = windows(tmp_path / "odd.npz", x=np.zeros(shape, np.float32))
    cli("bench", "--build", tiny_build, "--windows", path).fails(3, "odd.npz")
    out = tmp_path / "out"
    arguments = ("--board", "native", "--model", tiny_model, "--windows", path, "--out", out)
    cli("build", *arguments).fails(3, "odd.npz")
    assert not out.exists()


def test_a_window_file_with_no_windows_is_usage(cli: Cli, tmp_path: Path, tiny_build: Path) -> None:
    path = windows(tmp_path / "none.npz", x=np.zeros((0, *INPUT_SHAPE), np.float32))
    cli("bench", "--build", tiny_build, "--windows", path).fails(2)
    cli("bench", "--build", tiny_build, "--limit", "0").fails(2)


def test_other_things_wrong_with_a_window_file(cli: Cli, tmp_path: Path, tiny_build: Path) -> None:
    good = np.zeros((4, *INPUT_SHAPE), np.float32)
    cases: dict[str, dict[str, Any]] = {
        "nox.npz": {"z": good},
        "y.npz": {"x": good, "y": np.zeros(3, np.int64)},
        "yfloat.npz": {"x": good, "y": np.zeros(4)},
        "yrange.npz": {"x": good, "y": np.full(4, 99)},
        "nan.npz": {"x": np.full_like(good, np.nan)},
        "text.npz": {"x": np.array(["a", "b"])},
        "labels.npz": {"x": good, "labels": np.array([1, 2, 3])},
        "fewlabels.npz": {"x": good, "labels": np.array(["a", "b"])},
    }
    for name, arrays in cases.items():
        cli("bench", "--build", tiny_build, "--windows", windows(tmp_path / name, **arrays)).fails(3, name)


def test_a_window_file_that_wants_to_be_unpickled(cli: Cli, tmp_path: Path, tiny_build: Path) -> None:
    path = windows(tmp_path / "pickled.npz", x=np.array([{"a": 1}, None], dtype=object))
    cli("bench", "--build", tiny_build, "--windows", path).fails(3, "pickled.npz")
    (tmp_path / "not.npz").write_bytes(b"PK\x03\x04 no zip at all")
    cli("bench", "--build", tiny_build, "--windows", tmp_path / "not.npz").fails(3, "not.npz")
    cli("bench", "--build", tiny_build, "--windows", tmp_path / "gone.npz").fails(3, "gone.npz")


def test_a_build_folder_that_is_none(cli: Cli, tmp_path: Path) -> None:
    for verb in ("flash", "bench", "size"):
        cli(verb, "--build", tmp_path).fails(3, tmp_path.name)


def test_a_build_folder_whose_artefacts_lead_outside(cli: Cli, tmp_path: Path, tiny_build: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(tiny_build, copied)
    manifest = copied / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"elf": "', '"elf": "../../'))
    for verb in ("flash", "bench"):
        cli(verb, "--build", copied).fails(3)


@pytest.mark.parametrize(
    "arguments",
    [
        ["build"],
        ["build", "--board"],
        ["build", "--board", "native", "--optimize", "most"],
        ["bench", "--limit", "-1"],
        ["train", "--dataset", "other"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_usage(cli: Cli, arguments: list[str], tmp_path: Path) -> None:
    cli(*arguments, cwd=tmp_path).fails(2)
