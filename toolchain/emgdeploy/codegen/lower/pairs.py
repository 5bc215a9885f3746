"""ADD, SUB, MUL, SQUARED_DIFFERENCE, MINIMUM, MAXIMUM and PRELU of two operands: either may repeat or be constant."""

from __future__ import annotations

import numpy as np

from emgdeploy.codegen.exact.binary import (
    add_form,
    add_values,
    mul_multiplier,
    prelu_multipliers,
    squared_difference_form,
)
from emgdeploy.codegen.known.interval import Range
from emgdeploy.codegen.lower.add import lower_add
from emgdeploy.codegen.lower.add_linear import lower_add_linear
from emgdeploy.codegen.lower.axes import broadcast_strides, listed, merged, padded
from emgdeploy.codegen.lower.lookup import lower_lookup
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.graph.numerics import Multiplier, activation_range
from emgdeploy.graph.operators.pairs import ADD, MAXIMUM, MINIMUM, MUL, PRELU, SQUARED_DIFFERENCE, SUB
from emgdeploy.graph.types import Graph, Op, Tensor

_CTYPES = {"int8": "int8_t", "int16": "int16_t"}


def lower_add_pair(graph: Graph, op: Op) -> Step:
    """ADD and SUB: both operands in a common scale; `add_s8` serves sums of one shape better."""
    a, b, out = _operands(graph, op)
    form = add_form(a, b, out)
    signs = (1, -1) if op.kind is SUB else (1, 1)
    if graph.tensors[op.inputs[0]].constant:
        signs = signs[::-1]
    fields = (
        *_offset("a_zero_point", a),
        *_scaling("a_", form.a),
        Field("a_sign", signs[0]),
        *_offset("b_zero_point", b),
        *_scaling("b_", form.b),
        Field("b_sign", signs[1]),
        *_offset("zero_point", out),
        *_scaling("", form.out),
        *_range(op, out),
    )
    return _step(graph, op, "add_broadcast_s8" if out.dtype == np.int8 else "add_s16", (a, b), fields)


def lower_extreme(graph: Graph, op: Op) -> Step:
    """MINIMUM and MAXIMUM."""
    a, b, out = _operands(graph, op)
    name = "extreme_s8" if out.dtype == np.int8 else "extreme_s16"
    return _step(graph, op, name, (a, b), (Field("largest", int(op.kind is MAXIMUM)),))


def lower_mul(graph: Graph, op: Op) -> Step:
    a, b, out = _operands(graph, op)
    fields = (
        *_offset("a_zero_point", a),
        *_offset("b_zero_point", b),
        *_offset("zero_point", out),
        *_scaling("", mul_multiplier(a, b, out)),
        *_range(op, out),
    )
    return _step(graph, op, "mul_s8" if out.dtype == np.int8 else "mul_s16", (a, b), fields)


def lower_squared_difference(graph: Graph, op: Op) -> Step:
    a, b, out = _operands(graph, op)
    form = squared_difference_form(a, b, out)
    fields = (
        *_offset("a_zero_point", a),
        *_scaling("a_", form.a),
        *_offset("b_zero_point", b),
        *_scaling("b_", form.b),
        *_offset("zero_point", out),
        *_scaling("", form.out),
    )
    return _step(graph, op, "squared_difference_s8", (a, b), fields)


def lower_prelu(graph: Graph, op: Op) -> Step:
    image, slopes, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    positive, negative = prelu_multipliers(image, slopes, out)
    fields = (
        Field("in_zero_point", image.q.zero_point),
        Field("slope_zero_point", slopes.q.zero_point),
        Field("zero_point", out.q.zero_point),
        *_scaling("", positive),
        *_scaling("negative_", negative),
    )
    name = "prelu_s8" if out.dtype == np.int8 else "prelu_s16"
    return _step(graph, op, name, (image, slopes), fields)


def _operands(graph: Graph, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    """A constant operand goes second; only SUB, which has signs, cares which is which."""
    a, b = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
    return (b, a, graph.out(op)) if a.constant else (a, b, graph.out(op))


def _offset(name: str, tensor: Tensor) -> tuple[Field, ...]:
    return (Field(name, tensor.q.zero_point),) if tensor.dtype == np.int8 else ()


def _scaling(prefix: str, m: Multiplier) -> tuple[Field, ...]:
    return Field(f"{prefix}multiplier", m.mantissa), Field(f"{prefix}shift", m.shift)


def _range(op: Op, out: Tensor) -> tuple[Field, ...]:
    low, high = activation_range(op.activation, out)
    return Field("low", low), Field("high", high)


def _walk(graph: Graph, op: Op, operands: tuple[Tensor, Tensor]) -> Field:
    shape = graph.out(op).shape
    steps = zip(*(broadcast_strides(t.shape, shape) for t in operands), strict=True)
    axes = padded(graph, op, merged(list(zip(shape, steps, strict=True))), 4)
    return Field(
        "walk",
        (
            listed("shape", [size for size, _ in axes]),
            listed("a_stride", [step[0] for _, step in axes]),
            listed("b_stride", [step[1] for _, step in axes]),
        ),
    )


def _step(
    graph: Graph, op: Op, kernel: str, operands: tuple[Tensor, Tensor], fields: tuple[Field, ...]
) -> Step:
    first, second = operands
    out = graph.out(op)
    name = f"operand_{op.index}"
    constant = (
        (Array(name, _CTYPES[str(second.dtype)], np.asarray(second.data).reshape(-1), "weights"),)
        if second.constant
        else ()
    )
    reads = (first,) if second.constant else (first, second)
    return Step(
        op=op,
        kernel=f"emg_{kernel}",
        header=f"kernels/elementwise/{kernel}.h",
        sources=(f"kernels/elementwise/{kernel}.c",),
        fields=(_walk(graph, op, operands), *fields),
        arrays=constant,
        constants=(name,) if constant else (),
        reads=tuple(t.index for t in reads),
        writes=out.index,
        # An operand that never repeats is read at the place that is written next.
        overlaps=tuple(
            Overlap(t.index, at_most=0) for t in reads if t.elements == out.elements and t.dtype == out.dtype
        ),
    )


def _add_reach(graph: Graph, op: Op, given: list[Range]) -> Range:
    a, b, out = (graph.tensors[t] for t in (*op.inputs, *op.outputs))
    low, high = activation_range(op.activation, out)
    first, second = given
    sums = (add_values(a, b, out, x, y) for x, y in ((first.low, second.low), (first.high, second.high)))
    return Range(*(np.clip(s, low, high) for s in sums))


_EXTREME = (lower_lookup, lower_extreme)
RECORDS = (
    Record(
        ADD,
        int8=(lower_lookup, lower_add_linear, lower_add, lower_add_pair),
        int16=(lower_add_pair,),
        reach=_add_reach,
        activations=2,
    ),
    Record(MAXIMUM, int8=_EXTREME, int16=(lower_extreme,)),
    Record(MINIMUM, int8=_EXTREME, int16=(lower_extreme,)),
    Record(MUL, int8=(lower_lookup, lower_mul), int16=(lower_mul,)),
    Record(PRELU, int8=(lower_lookup, lower_prelu), int16=(lower_prelu,)),
    Record(SQUARED_DIFFERENCE, int8=(lower_lookup, lower_squared_difference)),
    Record(SUB, int8=(lower_lookup, lower_add_pair), int16=(lower_add_pair,)),
)
