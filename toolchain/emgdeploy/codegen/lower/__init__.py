"""From one operator of the graph to one kernel call; one file per family of operators."""

from __future__ import annotations

from collections.abc import Callable

from emgdeploy.codegen.dsp.conv import lower_conv_dsp
from emgdeploy.codegen.dsp.dense import lower_dense_dsp
from emgdeploy.codegen.dsp.depthwise import lower_depthwise_dsp
from emgdeploy.codegen.lower.add import lower_add
from emgdeploy.codegen.lower.add_linear import lower_add_linear
from emgdeploy.codegen.lower.conv import lower_conv, lower_depthwise
from emgdeploy.codegen.lower.dense import lower_dense
from emgdeploy.codegen.step import Step
from emgdeploy.errors import InputError
from emgdeploy.graph.types import Graph, Op, OpKind

# Operators that change how a tensor is seen, not what its bytes are.
VIEWS = frozenset({OpKind.RESHAPE, OpKind.SQUEEZE, OpKind.EXPAND_DIMS})

Lowering = Callable[[Graph, Op], Step | None]

# By operator and element type of its output, the best first; None passes on to the next.
_KERNELS: dict[tuple[OpKind, str], tuple[Lowering, ...]] = {
    (OpKind.ADD, "int8"): (lower_add_linear, lower_add),
    (OpKind.CONV_2D, "int8"): (lower_conv,),
    (OpKind.DEPTHWISE_CONV_2D, "int8"): (lower_depthwise,),
    (OpKind.FULLY_CONNECTED, "int8"): (lower_dense,),
}
# Tried before those on cores with the DSP extension.
_DSP_KERNELS: dict[tuple[OpKind, str], tuple[Lowering, ...]] = {
    (OpKind.CONV_2D, "int8"): (lower_conv_dsp,),
    (OpKind.DEPTHWISE_CONV_2D, "int8"): (lower_depthwise_dsp,),
    (OpKind.FULLY_CONNECTED, "int8"): (lower_dense_dsp,),
}


def lower(graph: Graph, isa: str = "portable") -> tuple[Step, ...]:
    """Every operator that computes something, as a kernel call, in execution order.

    Raises InputError naming the first operator that has no kernel.
    """
    return tuple(_lower(graph, op, isa) for op in graph.ops if op.kind not in VIEWS)


def _lower(graph: Graph, op: Op, isa: str) -> Step:
    out = graph.out(op)
    key = (op.kind, str(out.dtype))
    for lowering in (*(_DSP_KERNELS.get(key, ()) if isa == "dsp" else ()), *_KERNELS.get(key, ())):
        step = lowering(graph, op)
        if step is not None:
            return step
    known = ", ".join(sorted({f"{kind.value} ({dtype})" for kind, dtype in _KERNELS}))
    raise InputError(
        f"{graph.source}: operator {op.index} ({op.kind.value}, writing {out.name!r} as {out.dtype}) "
        "has no kernel for these operands",
        f"kernels exist for {known}",
    )
