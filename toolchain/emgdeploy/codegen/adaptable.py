"""The last dense layer as parameters that a running program takes anew: which one it is, and its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from emgdeploy.codegen.lower.dense import lower_dense
from emgdeploy.codegen.step import Step
from emgdeploy.errors import InputError
from emgdeploy.graph.operators.weighted import FULLY_CONNECTED
from emgdeploy.graph.passes import simplify
from emgdeploy.graph.types import Graph, Op


def head_of(graph: Graph) -> Op:
    """The dense layer of int8 constants that the answers come from. Raises InputError where there is none."""
    found = [op for op in graph.ops if graph.outputs[0] in op.outputs]
    while found and found[0].kind.view:
        found = [op for op in graph.ops if found[0].inputs[0] in op.outputs]
    if found and found[0].kind is FULLY_CONNECTED:
        head = found[0]
        weights = graph.tensors[head.inputs[1]]
        image = graph.tensors[head.inputs[0]]
        if (
            image.dtype == weights.dtype == np.int8
            and weights.constant
            and graph.tensors[head.inputs[2]].constant
        ):
            return head
    raise InputError(
        f"{graph.source} does not end in a dense layer of int8, so there is no head to adapt",
        "let the network end in a linear layer, or build it with --adapt none",
    )


def with_adaptable_head(graph: Graph, steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps with the head computed by the kernel that takes any weights."""
    head = head_of(graph)
    own = replace(lower_dense(graph, head), adaptable=True)
    return tuple(own if step.op.index == head.index else step for step in steps)


def parameters_of_head(graph: Graph) -> bytes:
    """What a firmware with an adaptable head takes for this model's head. Raises as `head_of` does."""
    graph = simplify(graph)
    return parameters_of([replace(lower_dense(graph, head_of(graph)), adaptable=True)])


def parameters_of(steps: Sequence[Step]) -> bytes:
    """What can be replaced, array after array, little-endian."""
    arrays = [array for step in steps if step.adaptable for array in step.arrays]
    return b"".join(
        np.ascontiguousarray(a.values, a.values.dtype.newbyteorder("<")).tobytes() for a in arrays
    )
