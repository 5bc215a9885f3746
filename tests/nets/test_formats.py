"""Every kind of file that PyTorch users have: loaded, or refused with a line that makes one that loads."""

from __future__ import annotations

import re
import shlex
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emgdeploy.errors import InputError
from emgdeploy.nets import foreign
from emgdeploy.nets.checkpoint import load_checkpoint
from support.models import own_net

NETWORK = "support.models.own_net:OwnNet"
State = dict[str, Any]


def windows() -> torch.Tensor:
    return torch.randn(5, 1, 4, 6, generator=torch.Generator().manual_seed(1))


def prefixed(prefix: str) -> Callable[[State], State]:
    return lambda state: {f"{prefix}{key}": value for key, value in state.items()}


def metrics(state: State) -> State:
    """What training scripts note beside the weights: NumPy's numbers and arrays among it."""
    noted = {
        "loss": np.float64(0.25),
        "confusion": np.eye(3),
        "best": np.int64(4),
        "history": [np.float32(1)],
    }
    return {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {"state": {}}, **noted}


LOADED: dict[str, Callable[[State], Any]] = {
    "state dict": lambda state: state,
    "DataParallel": prefixed("module."),
    "compiled": prefixed("_orig_mod."),
    "compiled inside": lambda state: {
        k.replace("features.", "features._orig_mod."): v for k, v in state.items()
    },
    "both": prefixed("module._orig_mod."),
    "averaged": lambda state: {"n_averaged": torch.tensor(3), **prefixed("module.")(state)},
    "half precision": lambda state: {key: value.half() for key, value in state.items()},
    "without counts": lambda state: {k: v for k, v in state.items() if "num_batches" not in k},
    "training script": metrics,
    "model": lambda state: {"epoch": 3, "model": state, "args": {"lr": 0.1}},
    "nested": lambda state: {"net": {"state_dict": prefixed("module.")(state)}, "epoch": 1},
    "Lightning": lambda state: {
        "epoch": 3,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": prefixed("model.")(state),
        "hyper_parameters": {"lr": 0.001},
        "callbacks": {},
    },
}


@pytest.mark.parametrize("kind", LOADED)
def test_weights_are_found_wherever_training_scripts_put_them(kind: str, tmp_path: Path) -> None:
    network = own_net.trained()
    path = tmp_path / ("a.ckpt" if kind == "Lightning" else "a.pt")
    torch.save(LOADED[kind](network.state_dict()), path)
    loaded = load_checkpoint(path, NETWORK)
    expected = (network.half().float() if kind == "half precision" else network)(windows())
    assert torch.equal(loaded.network(windows()), expected)


def test_prefixes_of_the_published_network_are_seen_through(tmp_path: Path) -> None:
    from emgdeploy.nets.mobilenetv2 import MobileNetV2, MobileNetV2Config

    state = MobileNetV2(MobileNetV2Config(classes=8)).state_dict()
    torch.save({"state_dict": prefixed("model.net.")(state)}, tmp_path / "a.ckpt")
    loaded = load_checkpoint(tmp_path / "a.ckpt")
    assert torch.equal(loaded.network.state_dict()["linear.bias"], state["linear.bias"])


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        foreign.refuse(path)
        load_checkpoint(path, NETWORK)
    assert "\n" not in caught.value.message + caught.value.hint
    return caught.value


def follow(hint: str, monkeypatch: pytest.MonkeyPatch, **said: str) -> None:
    """Do what a hint says, its capital letters replaced by what is `said`."""
    found = re.search(r'python -c "([^"]*)" (.*?)( \(|,|$)', hint)
    assert found is not None
    assert not set("$`\\!") & set(found[1])  # the shell would not pass it on as it is
    arguments = [said.get(word, word) for word in shlex.split(found[2])]
    monkeypatch.setattr(sys, "argv", ["-c", *arguments])
    exec(found[1], {"__name__": "__main__"})


def test_a_wrapper_with_weights_of_its_own_is_not_cut_down_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    network = own_net.trained()
    state = {**prefixed("model.")(network.state_dict()), "loss.weight": torch.ones(3)}
    torch.save({"state_dict": state}, "a.ckpt")
    error = refused(Path("a.ckpt"))
    assert "loss.weight" in error.message
    follow(error.hint, monkeypatch)
    assert torch.equal(load_checkpoint(Path("weights.pt"), NETWORK).network(windows()), network(windows()))


@pytest.mark.parametrize("kind", ["whole module", "arguments"])
def test_a_pickled_module_is_not_run_and_its_weights_are_a_line_away(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    network = own_net.trained()
    noted = {"state_dict": network.state_dict(), "args": Path("a")}
    torch.save(network if kind == "whole module" else noted, "it's.pt")
    error = refused(Path("it's.pt"))
    assert "nothing of it was run" in error.message
    follow(error.hint, monkeypatch)
    assert torch.equal(load_checkpoint(Path("weights.pt"), NETWORK).network(windows()), network(windows()))


def test_safetensors_are_a_line_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for the package, which nothing else here needs."""
    monkeypatch.chdir(tmp_path)
    network = own_net.trained()
    package = types.ModuleType("safetensors.torch")
    package.load_file = lambda path: network.state_dict()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "safetensors", types.ModuleType("safetensors"))
    monkeypatch.setitem(sys.modules, "safetensors.torch", package)
    follow(refused(Path("a.safetensors")).hint, monkeypatch)
    assert torch.equal(load_checkpoint(Path("weights.pt"), NETWORK).network(windows()), network(windows()))


@pytest.mark.parametrize("kind", ["traced", "scripted", "a.pt2", "exported.pt"])
def test_programs_are_not_run_and_an_onnx_file_is_a_line_away(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emgdeploy.convert import onnxfile, onnxrun, packages

    monkeypatch.chdir(tmp_path)
    network, path = own_net.trained(), Path(kind if "." in kind else "a.pt")
    with packages.muted():
        if kind == "traced":
            torch.jit.trace(network, windows()[:1]).save(path)  # type: ignore[no-untyped-call]
        elif kind == "scripted":
            torch.jit.script(network).save(path)  # type: ignore[no-untyped-call]
        else:
            torch.export.save(torch.export.export(network, (windows()[:1],)), path)
        error = refused(path)
        follow(error.hint, monkeypatch, C="1", H="4", W="6")
    found = onnxrun.run(onnxfile.load(Path("model.onnx")), windows().numpy(), "model.onnx")
    assert np.abs(found - network(windows()).detach().numpy()).max() < 1e-5
