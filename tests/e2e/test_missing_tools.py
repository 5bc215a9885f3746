"""Without a compiler, an emulator or a package: exit 4 and what to install."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from support.commands.command import Cli
from support.models.tiny import INPUT_SHAPE


@pytest.fixture
def poor_path(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH leads nowhere."""
    (tmp_path / "bin").mkdir()
    return {"PATH": str(tmp_path / "bin")}


@pytest.mark.parametrize(("board", "tool"), [("qemu-mps2-an386", "arm-none-eabi-gcc"), ("native", "gcc")])
def test_a_missing_compiler(
    cli: Cli, tmp_path: Path, tiny_model: Path, poor_path: dict[str, str], board: str, tool: str
) -> None:
    done = cli("build", "--board", board, "--model", tiny_model, "--out", tmp_path / "out", env=poor_path)
    done.fails(4, tool)
    assert "install" in done.err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_missing_emulator(cli: Cli, tmp_path: Path, tiny_model: Path, poor_path: dict[str, str]) -> None:
    out = tmp_path / "out"
    cli("build", "--board", "qemu-mps2-an386", "--model", tiny_model, "--out", out).succeeds()
    for verb in ("flash", "bench"):
        cli(verb, "--build", out, env=poor_path).fails(4, "qemu-system-arm")


def without(folder: Path, *modules: str) -> dict[str, str]:
    """An environment in which importing `modules` fails as if they were not installed."""
    folder.mkdir()
    blocked = "".join(f"    {name!r},\n" for name in modules)
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in (\n{blocked}        ):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Block())\n"
    )
    return {"PYTHONPATH": str(folder)}


HEAVY = (
    "torch",
    "tensorflow",
    "onnx",
    "onnxruntime",
    "onnxsim",
    "onnxscript",
    "scipy",
    "h5py",
    "ai_edge_litert",
)


def test_the_light_package_flashes_and_benches_a_folder_from_elsewhere(
    cli: Cli, tmp_path: Path, tiny_build: Path
) -> None:
    copied = tmp_path / "far" / "copied"
    shutil.copytree(tiny_build, copied)
    env = without(tmp_path / "site", *HEAVY)
    cli("flash", "--build", copied, env=env, cwd=tmp_path).succeeds()
    cli("bench", "--build", copied, env=env, cwd=tmp_path).succeeds()
    report = json.loads((copied / "bench.json").read_text())
    assert report["complete"] is True
    assert report["correct_bits"] == report["windows"] > 0


def test_new_windows_need_the_reference(cli: Cli, tmp_path: Path, tiny_build: Path) -> None:
    windows = tmp_path / "w.npz"
    np.savez(windows, x=np.zeros((3, *INPUT_SHAPE), np.int8))
    env = without(tmp_path / "site", *HEAVY)
    done = cli("bench", "--build", tiny_build, "--windows", windows, env=env)
    done.fails(4, "ai-edge-litert")
    assert "emgdeploy[reference]" in done.err.splitlines()[-1]


@pytest.mark.parametrize("package", ["torch", "tensorflow"])
def test_a_missing_package_names_its_extra(cli: Cli, tmp_path: Path, package: str) -> None:
    done = cli(
        "build", "--board", "native", "--out", tmp_path / "out", env=without(tmp_path / "site", package)
    )
    done.fails(4, package)
    assert "pip install" in done.err.splitlines()[-1]
