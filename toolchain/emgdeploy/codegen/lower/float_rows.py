"""FLOAT_ROWS: the steps of one row as a list of numbers that one kernel walks through, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from emgdeploy.codegen.literals import float_literal
from emgdeploy.codegen.lower.axes import Axis, broadcast_strides, listed, merged, padded, strides
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.operators.float_rows import FLOAT_ROWS
from emgdeploy.graph.rows import Rows
from emgdeploy.graph.types import Activation, Graph, Op

# The kernel's order.
_OPERATORS = (
    "MEAN", "ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "SQUARE", "SQRT", "RSQRT",
    "ABS", "NEG", "RELU",
)  # fmt: skip
_ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1)
_KEPT, _REDUCED = 3, 3


@dataclass(frozen=True)
class _Walk:
    """Axes that tell rows apart, and axes along a row; the strides of the input and of each constant."""

    kept: list[Axis]
    reduced: list[Axis]

    @property
    def count(self) -> int:
        return prod(size for size, _ in self.reduced)

    def of_constant(self, number: int) -> tuple[list[int], list[int]]:
        return [s[1 + number] for _, s in self.kept], [s[1 + number] for _, s in self.reduced]


def lower_float_rows(graph: Graph, op: Op) -> Step | None:
    if op.rows is None:
        return None
    rows, image, out = op.rows, graph.tensors[op.inputs[0]], graph.out(op)
    walk = _walk(graph, op, rows)
    places, floats = _places(rows, walk)
    loads, once = _loads(rows, walk, places)
    steps = [number for i in range(len(rows.steps)) for number in _step(rows, i, places, walk.count)]
    constants = np.concatenate([np.zeros(0, np.float32), *(c.reshape(-1) for c in rows.constants)])
    arrays = (
        Array(f"steps_{op.index}", "int32_t", np.array(steps, np.int32)),
        *((Array(f"loads_{op.index}", "int32_t", np.array(loads, np.int32)),) if loads else ()),
        *((Array(f"numbers_{op.index}", "float", constants),) if constants.size else ()),
    )
    fields = (
        listed("kept", [size for size, _ in walk.kept]),
        listed("kept_stride", [s[0] for _, s in walk.kept]),
        listed("reduced", [size for size, _ in walk.reduced]),
        listed("reduced_stride", [s[0] for _, s in walk.reduced]),
        Field("in_scale", float_literal(float(image.q.scale))),
        Field("in_zero_point", image.q.zero_point),
        Field("scale", float_literal(float(out.q.scale))),
        Field("zero_point", out.q.zero_point),
        Field("loads", f"loads_{op.index}" if loads else "0"),
        Field("load_count", len(rows.constants)),
        Field("once", once),
        Field("numbers", f"numbers_{op.index}" if constants.size else "0"),
        Field("steps", f"steps_{op.index}"),
        Field("step_count", len(rows.steps)),
        Field("result", places[-1]),
    )
    return Step(
        op=op,
        kernel="emg_float_rows_s8",
        header="kernels/normalize/float_rows_s8.h",
        sources=("kernels/normalize/float_rows_s8.c",),
        fields=fields,
        arrays=arrays,
        reads=(image.index,),
        writes=out.index,
        scratch_bytes=4 * floats,
        scratch_type="float",
    )


def _walk(graph: Graph, op: Op, rows: Rows) -> _Walk:
    steps = [strides(rows.shape), *(broadcast_strides(c.shape, rows.shape) for c in rows.constants)]
    axes = list(zip(rows.shape, zip(*steps, strict=True), strict=True))
    none = (0,) * len(steps)
    parts = []
    for count, wanted in ((_KEPT, False), (_REDUCED, True)):
        found = merged([axis for axis, reduced in zip(axes, rows.reduced, strict=True) if reduced == wanted])
        parts.append(padded(graph, op, found or [(1, none)], count))
    return _Walk(*parts)


def _places(rows: Rows, walk: _Walk) -> tuple[list[int], int]:
    """Where each value lies in the scratch, and its size; a value takes the place of one that nobody reads any more."""
    first = 1 + len(rows.constants)
    last = {operand: i for i, step in enumerate(rows.steps) for operand in step.operands}
    places: list[int] = []
    free: dict[bool, list[int]] = {True: [], False: []}
    size = 0
    for value, whole in enumerate(rows.whole):
        step = value - first
        if step >= 0:
            dying = {o for o in rows.steps[step].operands if o >= first or o == 0}
            for operand in sorted(o for o in dying if last[o] == step):
                free[rows.whole[operand]].append(places[operand])
        if step >= 0 and free[whole]:
            places.append(free[whole].pop())
            continue
        places.append(size)
        size += walk.count if whole else 1
    return places, size


def _loads(rows: Rows, walk: _Walk, places: list[int]) -> tuple[list[int], int]:
    """For each constant: place, how many, offset and strides. How many come first that are alike in all rows."""
    offsets = np.cumsum([0, *(c.size for c in rows.constants)]).tolist()
    found: list[tuple[bool, list[int]]] = []
    for i in range(len(rows.constants)):
        kept, reduced = walk.of_constant(i)
        sizes = [size for size, _ in walk.reduced] if rows.whole[1 + i] else [1] * _REDUCED
        found.append((any(kept), [places[1 + i], offsets[i], *kept, *sizes, *reduced]))
    found.sort(key=lambda load: load[0])
    return [n for _, load in found for n in load], sum(not each for each, _ in found)


def _step(rows: Rows, number: int, places: list[int], count: int) -> list[int]:
    """Operator, activation, place and number of results, then place and step of both operands."""
    step, value = rows.steps[number], 1 + len(rows.constants) + number
    operands = [(places[o], int(rows.whole[o])) for o in step.operands[:2]]
    if step.operator == "MEAN":
        operands, results = operands[:1], count
    else:
        results = count if rows.whole[value] else 1
    (a, a_step), (b, b_step) = (*operands, operands[0])[:2]
    code = _ACTIVATIONS.index(Activation(step.activation))
    return [_OPERATORS.index(step.operator), code, places[value], results, a, a_step, b, b_step]


RECORDS = (Record(FLOAT_ROWS, int8=(lower_float_rows,)),)
