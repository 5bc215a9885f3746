"""QUANTIZE and DEQUANTIZE."""

from __future__ import annotations

from emgdeploy.graph.operators.rules import (
    FLOAT32,
    INT8,
    INT16,
    activations,
    multiplier,
    need,
    same_numbers,
    unary,
)
from emgdeploy.graph.types import Graph, Op, Operands, Operator

_QUANTIZED = (INT8, INT16)


def check_quantize(graph: Graph, op: Op) -> None:
    image, out = unary(graph, op)
    need(
        out.dtype in _QUANTIZED and image.dtype in (FLOAT32, *_QUANTIZED),
        f"turns {image.dtype} into {out.dtype}, which is not supported",
    )
    activations(out)
    if image.dtype in _QUANTIZED:
        activations(image)
        multiplier(float(image.q.scale) / float(out.q.scale))


def check_dequantize(graph: Graph, op: Op) -> None:
    image, out = unary(graph, op)
    need(
        image.dtype in _QUANTIZED and out.dtype == FLOAT32,
        f"turns {image.dtype} into {out.dtype}, which is not supported",
    )
    activations(image)


def _copies(graph: Graph, op: Op) -> bool:
    return same_numbers(graph.tensors[op.inputs[0]], graph.out(op))


DEQUANTIZE = Operator("DEQUANTIZE", check_dequantize, newest=9, operands=Operands.ONE)
QUANTIZE = Operator("QUANTIZE", check_quantize, newest=6, operands=Operands.ONE, copies=_copies)
