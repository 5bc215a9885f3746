"""Keras files are not read here, and the line that the error gives makes an int8 .tflite that is."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emgdeploy.convert import packages
from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from emgdeploy.nets import foreign


@pytest.fixture(scope="module")
def network() -> Any:
    """Windows (N, 8, 4) -> (N, 3)."""
    with packages.muted():
        layers = packages.tensorflow().keras.layers
        made = [
            layers.Input((8, 4)),
            layers.Conv1D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
        return packages.tensorflow().keras.Sequential(made)


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "saved"])
def test_a_keras_model_is_a_line_away(
    name: str, network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("windows.npz", x=np.random.default_rng(0).normal(size=(20, 8, 4)))
    with packages.muted():
        network.export(name) if name == "saved" else network.save(name)
        with pytest.raises(InputError) as caught:
            foreign.refuse(Path(name))
        found = re.search(r'python -c "([^"]*)" (.*?) \(', caught.value.hint)
        assert found is not None
        monkeypatch.setattr(sys, "argv", ["-c", *shlex.split(found[2])])
        exec(found[1], {"__name__": "__main__"})
    graph = read_tflite(Path("model.tflite").read_bytes())
    ends = [graph.tensors[i] for i in (*graph.inputs, *graph.outputs)]
    assert [(end.shape, str(end.dtype)) for end in ends] == [((1, 8, 4), "int8"), ((1, 3), "int8")]
