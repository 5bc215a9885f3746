"""QUANTIZE from float32 and DEQUANTIZE to it, where the device keeps them."""

from __future__ import annotations

import numpy as np

from emgdeploy.codegen.literals import float_literal
from emgdeploy.codegen.lower.lookup import lower_lookup
from emgdeploy.codegen.lower.rescale import elementwise, lower_narrow, lower_rescale
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Field, Step
from emgdeploy.graph.operators.conversion import DEQUANTIZE, QUANTIZE
from emgdeploy.graph.types import Graph, Op, Tensor

_NAMES = {"int8": "s8", "int16": "s16"}


def lower_quantize_float(graph: Graph, op: Op) -> Step | None:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if image.dtype != np.float32:
        return None
    return elementwise(graph, op, f"convert/quantize_f32_{_NAMES[str(out.dtype)]}", _fields(out))


def lower_dequantize(graph: Graph, op: Op) -> Step:
    image = graph.tensors[op.inputs[0]]
    return elementwise(graph, op, f"convert/dequantize_{_NAMES[str(image.dtype)]}_f32", _fields(image))


def _fields(quantized: Tensor) -> tuple[Field, ...]:
    scale, zero_point = float(quantized.q.scale), quantized.q.zero_point
    return Field("scale", float_literal(scale)), Field("zero_point", zero_point)


RECORDS = (
    Record(DEQUANTIZE, float32=(lower_dequantize,)),
    Record(
        QUANTIZE,
        int8=(lower_lookup, lower_narrow, lower_quantize_float),
        int16=(lower_lookup, lower_rescale, lower_quantize_float),
    ),
)
