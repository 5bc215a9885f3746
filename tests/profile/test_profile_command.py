"""`emgdeploy profile` on build folders: the contract's fields, the same figures twice, other cores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from emgdeploy import resources
from support.commands.command import Cli
from support.inputs.sealing import seal

BOARD = "qemu-mps2-an386"
FIELDS = {
    "schema": str,
    "core": str,
    "model": str,
    "wait_states": int,
    "instructions": int,
    "cycles": int,
    "macs": int,
    "cycles_per_mac": float,
    "stack_bytes": int,
    "layers": list,
}


@pytest.fixture(scope="module")
def build(cli: Cli, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("profile") / "tiny"
    cli("build", "--board", BOARD, "--model", tiny_model, "--out", out).succeeds()
    return out


def test_profile_json_is_the_contracts(cli: Cli, build: Path) -> None:
    done = cli("profile", "--build", build, "--json")
    done.succeeds()
    table = json.loads(done.out)
    assert json.loads((build / "profile.json").read_text()) == table
    for key, kind in FIELDS.items():
        assert isinstance(table[key], kind), key
    assert table["schema"] == "emgdeploy.profile/1"
    assert table["core"] == "cortex-m4f" and table["model"].startswith("cortex-m4 1 ")
    assert table["bit_exact"] is True
    manifest = json.loads((build / "manifest.json").read_text())
    assert table["instructions"] == manifest["expected_instructions"]
    assert table["stack_bytes"] <= manifest["stack_bytes"]
    for layer, made in zip(table["layers"], manifest["layers"], strict=True):
        assert {key: layer[key] for key in ("index", "name", "op", "macs")} == {
            key: made[key] for key in ("index", "name", "op", "macs")
        }
        assert layer["instructions"] > 0 and layer["cycles"] > 0
    parts = [*table["layers"], table["outside"]]
    for key in ("instructions", "cycles"):
        assert sum(part[key] for part in parts) == table[key]
        assert sum(function[key] for function in table["functions"]) == table[key]


def test_two_profiles_are_identical(cli: Cli, build: Path) -> None:
    cli("profile", "--build", build).succeeds()
    first = [(build / name).read_bytes() for name in ("profile.json", "profile.html")]
    cli("profile", "--build", build).succeeds()
    assert [(build / name).read_bytes() for name in ("profile.json", "profile.html")] == first


def test_wait_states_make_it_slower_and_nothing_else(cli: Cli, build: Path) -> None:
    plain = json.loads(cli("profile", "--build", build, "--json").out)
    slow = json.loads(cli("profile", "--build", build, "--wait-states", "3", "--json").out)
    assert slow["wait_states"] == 3 and plain["wait_states"] == 0
    assert slow["cycles_without_waiting"] == plain["cycles"] < slow["cycles"]
    assert slow["instructions"] == plain["instructions"]


def test_the_page_shows_every_layer_and_escapes_names(cli: Cli, build: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    shutil.copytree(build, hostile)
    manifest = json.loads((hostile / "manifest.json").read_text())
    manifest["layers"][0]["name"] = "<script>alert(1)</script>\x1b[31m"
    (hostile / "manifest.json").write_text(json.dumps(manifest))
    done = cli("profile", "--build", hostile)
    done.succeeds()
    page = (hostile / "profile.html").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page
    table = json.loads((hostile / "profile.json").read_text())
    assert page.count('class="bar"') == len(table["layers"]) + len(table["functions"])


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m7f", "cortex-m33f"])
def test_other_cores(cli: Cli, core: str, tiny_model: Path, tmp_path: Path) -> None:
    board = (resources.BOARDS / f"{BOARD}.toml").read_text()
    board = board.replace('core = "cortex-m4f"', f'core = "{core}"').replace(BOARD, "mine")
    (tmp_path / "mine.toml").write_text(board)
    out = tmp_path / "out"
    cli(
        *("build", "--board", tmp_path / "mine.toml", "--model", tiny_model, "--out", out),
    ).succeeds()
    table = json.loads(cli("profile", "--build", out, "--boards-dir", tmp_path, "--json").out)
    assert table["core"] == core and table["bit_exact"] and table["instructions"] > 0
    modelled = core in ("cortex-m0", "cortex-m0plus", "cortex-m3")
    assert (table["cycles"] is not None) == modelled


def test_what_cannot_be_profiled_says_so(cli: Cli, build: Path, tiny_build: Path, tmp_path: Path) -> None:
    cli("profile", "--build", tiny_build).fails(2, "native")
    cli("profile", "--build", build, "--window", "100000").fails(2, "window 100000")
    cli("profile", "--build", tmp_path).fails(3, "no build")
    wrong = tmp_path / "wrong"
    shutil.copytree(build, wrong)
    shutil.copyfile(shutil.which("true") or "/bin/true", wrong / "firmware.elf")
    seal(wrong)
    cli("profile", "--build", wrong).fails(3, "no executable for a 32-bit Arm core")


def test_a_wrong_answer_is_a_failed_gate(cli: Cli, build: Path, tmp_path: Path) -> None:
    import numpy as np

    wrong = tmp_path / "wrong"
    shutil.copytree(build, wrong)
    with np.load(wrong / "golden.npz") as golden:
        arrays = dict(golden)
    arrays["y"] = arrays["y"] ^ 1
    np.savez(wrong / "golden.npz", **arrays)
    seal(wrong)
    cli("profile", "--build", wrong).fails(1, "not the reference's")
