"""Models that are not what they should be: exit 3, one sentence, nothing run, nothing written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.commands.command import Cli

VERBS = (("build", "--board", "native"), ("convert",))


class _RunsCode:
    """What a malicious pickle looks like from the inside."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def refused(cli: Cli, verb: tuple[str, ...], model: Path, out: Path, *words: str) -> None:
    cli(*verb, "--model", model, "--out", out).fails(3, model.name, *words)
    assert not out.exists()


@pytest.fixture(scope="module")
def state_dict() -> dict[str, Any]:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(192, 16), torch.nn.ReLU(), torch.nn.Linear(16, 8))
    values: dict[str, Any] = network.state_dict()
    return values


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_checkpoint_of_another_network(
    warm_cli: Cli, tmp_path: Path, verb: tuple[str, ...], state_dict: dict[str, Any]
) -> None:
    torch = pytest.importorskip("torch")
    torch.save(state_dict, tmp_path / "other.pt")
    refused(warm_cli, verb, tmp_path / "other.pt", tmp_path / "out")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_checkpoint(
    warm_cli: Cli, tmp_path: Path, state_dict: dict[str, Any], share: float
) -> None:
    torch = pytest.importorskip("torch")
    torch.save(state_dict, tmp_path / "whole.pt")
    content = (tmp_path / "whole.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(content[: int(len(content) * share)])
    refused(warm_cli, VERBS[0], tmp_path / "cut.pt", tmp_path / "out")


@pytest.mark.parametrize("new_format", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("verb", [*VERBS, ("eval", "--dataset", "simulated")], ids=" ".join)
def test_a_checkpoint_that_wants_to_run_code(
    warm_cli: Cli, tmp_path: Path, verb: tuple[str, ...], new_format: bool
) -> None:
    torch = pytest.importorskip("torch")
    marker = tmp_path / "it-ran"
    evil = {"format": "emgdeploy.checkpoint/1", "state_dict": _RunsCode(marker)}
    torch.save(evil, tmp_path / "evil.pt", _use_new_zipfile_serialization=new_format)
    if verb[0] == "eval":
        warm_cli(*verb, "--checkpoint", tmp_path / "evil.pt").fails(3, "evil.pt")
    else:
        refused(warm_cli, verb, tmp_path / "evil.pt", tmp_path / "out")
    assert not marker.exists()


def onnx_model(op: str = "Relu", domain: str = "", external: str | None = None) -> Any:
    """input (1, 1, 4, 6) -> `op` -> + a constant -> output; the constant may lie in another file."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    constant = helper.make_tensor("c", kind, (1, 1, 4, 6), np.ones(24, np.float32))
    if external is not None:
        constant.ClearField("float_data")
        constant.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", external), ("offset", "0"), ("length", "96")):
            entry = constant.external_data.add()
            entry.key, entry.value = key, value
    graph = helper.make_graph(
        [helper.make_node(op, ["x"], ["h"], domain=domain), helper.make_node("Add", ["h", "c"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", kind, (1, 1, 4, 6))],
        [helper.make_tensor_value_info("y", kind, (1, 1, 4, 6))],
        [constant],
    )
    imports = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(graph, opset_imports=imports)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize(("op", "domain"), [("Frobnicate", ""), ("Frobnicate", "com.example"), ("Det", "")])
def test_an_onnx_file_with_an_unknown_op(
    warm_cli: Cli, tmp_path: Path, verb: tuple[str, ...], op: str, domain: str
) -> None:
    (tmp_path / "odd.onnx").write_bytes(onnx_model(op, domain).SerializeToString())
    refused(warm_cli, verb, tmp_path / "odd.onnx", tmp_path / "out", op)


@pytest.mark.parametrize("kind", ["above", "absolute", "link"])
def test_external_data_outside_the_models_folder(warm_cli: Cli, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.full(24, 7, np.float32).tobytes())
    folder = tmp_path / "model"
    folder.mkdir()
    location = {"above": "../secret.bin", "absolute": str(secret), "link": "link.bin"}[kind]
    if kind == "link":
        (folder / "link.bin").symlink_to(secret)
    (folder / "far.onnx").write_bytes(onnx_model(external=location).SerializeToString())
    refused(warm_cli, VERBS[1], folder / "far.onnx", tmp_path / "out", "folder")


@pytest.mark.parametrize("name", ["model.tflite", "model.onnx", "model.pt"])
def test_files_of_garbage(warm_cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(5000))
    refused(warm_cli, VERBS[0], tmp_path / name, tmp_path / "out")


@pytest.mark.parametrize("name", ["model.tflite", "model.onnx", "model.pt", "model.xyz"])
def test_files_that_are_not_there(cli: Cli, tmp_path: Path, name: str) -> None:
    refused(cli, VERBS[0], tmp_path / name, tmp_path / "out")


def test_a_truncated_tflite(cli: Cli, tmp_path: Path, tiny_model: Path) -> None:
    content = tiny_model.read_bytes()
    (tmp_path / "cut.tflite").write_bytes(content[: len(content) // 2])
    refused(cli, VERBS[0], tmp_path / "cut.tflite", tmp_path / "out")


def test_a_failed_build_leaves_the_old_one(cli: Cli, tmp_path: Path, tiny_model: Path) -> None:
    out = tmp_path / "out"
    cli("build", "--board", "native", "--model", tiny_model, "--out", out).succeeds()
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    (tmp_path / "bad.tflite").write_bytes(b"TFL3")
    cli("build", "--board", "native", "--model", tmp_path / "bad.tflite", "--out", out).fails(3)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
