"""From one operator of the graph to one kernel call; one file per family of operators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from emgdeploy.codegen.dsp.conv import lower_conv_dsp
from emgdeploy.codegen.lower.add import lower_add
from emgdeploy.codegen.lower.conv import lower_conv, lower_depthwise
from emgdeploy.codegen.lower.dense import lower_dense
from emgdeploy.codegen.step import Step
from emgdeploy.errors import InputError
from emgdeploy.graph.types import Graph, Op, OpKind

# Operators that change how a tensor is seen, not what its bytes are.
VIEWS = frozenset({OpKind.RESHAPE, OpKind.SQUEEZE, OpKind.EXPAND_DIMS})

_LOWERINGS: dict[OpKind, Callable[[Graph, Op], Step]] = {
    OpKind.ADD: lower_add,
    OpKind.CONV_2D: lower_conv,
    OpKind.DEPTHWISE_CONV_2D: lower_depthwise,
    OpKind.FULLY_CONNECTED: lower_dense,
}


# Kernels for the DSP extension, tried first on cores that have it; None passes on to the portable one.
_DSP_LOWERINGS: dict[OpKind, Callable[[Graph, Op], Step | None]] = {
    OpKind.CONV_2D: lower_conv_dsp,
}


def lower(graph: Graph, isa: str = "portable") -> tuple[Step, ...]:
    """Every operator that computes something, as a kernel call, in execution order.

    Raises InputError naming the first operator that has no kernel.
    """
    return tuple(_lower(graph, op, isa) for op in graph.ops if op.kind not in VIEWS)


def _lower(graph: Graph, op: Op, isa: str) -> Step:
    out = graph.out(op)
    where = f"{graph.source}: operator {op.index} ({op.kind.value}, writing {out.name!r})"
    if op.kind not in _LOWERINGS:
        raise InputError(f"{where} has no kernel yet", f"supported are {', '.join(sorted(_LOWERINGS))}")
    if out.dtype != np.int8:
        raise InputError(f"{where} computes {out.dtype}; only int8 has kernels", "quantize the model to int8")
    if op.kind is OpKind.ADD and len({graph.tensors[i].shape for i in op.inputs} | {out.shape}) > 1:
        raise InputError(f"{where} broadcasts its operands, which has no kernel", "use operands of one shape")
    if any(graph.tensors[i].constant for i in op.inputs[: 2 if op.kind is OpKind.ADD else 1]):
        raise InputError(
            f"{where} reads a constant as its image, which has no kernel", "fold it before export"
        )
    fast = _DSP_LOWERINGS.get(op.kind) if isa == "dsp" else None
    return (fast(graph, op) if fast else None) or _LOWERINGS[op.kind](graph, op)
