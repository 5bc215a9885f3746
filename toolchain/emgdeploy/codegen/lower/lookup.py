"""int8 operators whose outputs each depend on one input: a table of 256, computed here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.exact.unary import evaluate
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.graph.types import Graph, Op
from emgdeploy.graph.unary import only_operand

_INPUTS = np.arange(-128, 128, dtype=np.int64)


def lookup_table(graph: Graph, op: Op) -> NDArray[np.int64] | None:
    """Outputs for every int8 input, also of a chain that a pass joined; None for other operators."""
    chain = op.chain or (op,)
    image = only_operand(graph, chain[0])
    if image is None or image.dtype != np.int8 or graph.out(op).dtype.kind != "i":
        return None
    values = _INPUTS
    for one in chain:
        values = evaluate(graph, one, values)
    return values


def lower_lookup(graph: Graph, op: Op) -> Step | None:
    """One table; None for operators that are none."""
    values = lookup_table(graph, op)
    image, out = only_operand(graph, (op.chain or (op,))[0]), graph.out(op)
    if values is None or image is None:
        return None
    kernel, ctype = ("lookup_s8", "int8_t") if out.dtype == np.int8 else ("lookup_s8_s16", "int16_t")
    widens = out.dtype != np.int8
    return Step(
        op=op,
        kernel=f"emg_{kernel}",
        header=f"kernels/elementwise/{kernel}.h",
        sources=(f"kernels/elementwise/{kernel}.c",),
        fields=(Field("table", f"table_{op.index}"), Field("length", out.elements)),
        arrays=(Array(f"table_{op.index}", ctype, values.astype(out.dtype)),),
        reads=(image.index,),
        writes=out.index,
        overlaps=(Overlap(image.index, at_least=0) if widens else Overlap(image.index, at_most=0),),
    )
