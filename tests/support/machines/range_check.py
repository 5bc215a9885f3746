"""What the compiler knows of each element, against what the reference computes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.dead_channels.ranges import ranges
from emgdeploy.convert.reference import Reference
from emgdeploy.graph import read_tflite
from emgdeploy.graph.passes import simplify
from support.machines.proof import windows_of


def check_ranges(tflite: bytes, x: NDArray[Any]) -> int:
    """How many channels are known; AssertionError where the reference leaves a range."""
    graph = simplify(read_tflite(tflite))
    found = ranges(graph)
    reference = Reference(tflite)
    written = [graph.out(op) for op in graph.ops if graph.out(op).index in found]
    for window in x:
        wanted = reference.tensors(window)
        for tensor in written:
            values = tensor.source.of(wanted[tensor.source.tensor]).reshape(tensor.shape)
            assert (found[tensor.index].low <= values).all(), tensor.name
            assert (values <= found[tensor.index].high).all(), tensor.name
    return sum(int(found[t.index].known.sum()) for t in written)


def varied_windows(tflite: bytes, seed: int) -> NDArray[Any]:
    """Two windows each that are random, all extremes, and constant."""
    reference = Reference(tflite, keep_tensors=False)
    kinds = ("random", "extreme", "constant")
    return np.concatenate([windows_of(reference, 2, kind, seed) for kind in kinds])
