"""The MLPerf Tiny networks and the published 16x8 network: every layer, under the sanitizers."""

from __future__ import annotations

from pathlib import Path

import pytest

from emgdeploy.graph import read_tflite
from emgdeploy.graph.operators.layout import PAD, RESHAPE, TRANSPOSE
from emgdeploy.graph.operators.pairs import ADD
from emgdeploy.graph.operators.weighted import CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
from emgdeploy.graph.passes import simplify
from support.machines.proof import prove
from support.models.passes import count
from support.models.published import TFLITE, tflite_of, windows


@pytest.mark.parametrize("name", TFLITE)
def test_every_layer_of_a_few_windows(name: str, shared: Path, tmp_path: Path) -> None:
    tflite = tflite_of(name, shared, tmp_path)
    proof = prove(tflite, tmp_path, windows(tflite, 1))
    assert proof.windows == 4
    assert proof.distinct_outputs > 1


def test_the_published_network_needs_no_layout_change_on_the_device(shared: Path) -> None:
    graph = read_tflite((shared / TFLITE["emg-16x8"]).read_bytes())
    assert (count(graph, TRANSPOSE), count(graph, PAD)) == (35, 18)
    left = simplify(graph)
    kinds = {op.kind for op in left.ops}
    assert kinds == {
        ADD,
        CONV_2D,
        DEPTHWISE_CONV_2D,
        FULLY_CONNECTED,
        RESHAPE,
    }
    assert str(left.tensors[left.inputs[0]].dtype) == "int16"
