"""The rules of each operator: arity, shapes, element types, quantization; one file per family."""

from __future__ import annotations

from collections.abc import Callable

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.rules import conversion, elementwise, layout, reduction, weighted
from emgdeploy.graph.rules.base import BrokenRule, need
from emgdeploy.graph.types import Graph, Op, OpKind

__all__ = ["check"]


def check(graph: Graph, op: Op) -> None:
    """Raise InputError naming the operator when it breaks a rule of its kind."""
    try:
        given = graph.ins(op)
        known = len(given) > 0 and all(t.constant for t in given)
        need(not known, "computes on constants alone", "fold it before export")
        _RULES[op.kind](graph, op)
    except BrokenRule as broken:
        raise InputError(f"{graph.where(op)} {broken}", broken.hint or flat.HINT) from None


def _unfolded(graph: Graph, op: Op) -> None:
    raise BrokenRule(
        "computes on values that are only known on the device",
        "it is supported where it computes shapes from constants; export the model with fixed shapes",
    )


def _no_dilation(graph: Graph, op: Op) -> None:
    raise BrokenRule(
        "stands for no dilation of a convolution",
        "it is supported before and after one convolution of stride 1, with the same blocks",
    )


_RULES: dict[OpKind, Callable[[Graph, Op], None]] = {
    OpKind.ABS: elementwise.check_abs,
    OpKind.ADD: elementwise.check_add,
    OpKind.AVERAGE_POOL_2D: reduction.check_pool,
    OpKind.BATCH_TO_SPACE_ND: _no_dilation,
    OpKind.CONCATENATION: layout.check_concatenation,
    OpKind.CONV_2D: weighted.check_conv,
    OpKind.DEPTHWISE_CONV_2D: weighted.check_depthwise,
    OpKind.DEQUANTIZE: conversion.check_dequantize,
    OpKind.EXP: elementwise.check_exp,
    OpKind.EXPAND_DIMS: layout.check_expand_dims,
    OpKind.FULLY_CONNECTED: weighted.check_dense,
    OpKind.GATHER: _unfolded,
    OpKind.GELU: elementwise.check_gelu,
    OpKind.HARD_SWISH: elementwise.check_hard_swish,
    OpKind.LEAKY_RELU: elementwise.check_leaky_relu,
    OpKind.LOGISTIC: elementwise.check_logistic,
    OpKind.MAXIMUM: elementwise.check_extreme,
    OpKind.MAX_POOL_2D: reduction.check_pool,
    OpKind.MEAN: reduction.check_mean,
    OpKind.MINIMUM: elementwise.check_extreme,
    OpKind.MUL: elementwise.check_mul,
    OpKind.PACK: _unfolded,
    OpKind.PAD: layout.check_pad,
    OpKind.PRELU: elementwise.check_prelu,
    OpKind.QUANTIZE: conversion.check_quantize,
    OpKind.REDUCE_MAX: reduction.check_extreme,
    OpKind.REDUCE_MIN: reduction.check_extreme,
    OpKind.REDUCE_PROD: _unfolded,
    OpKind.RELU: elementwise.check_relu,
    OpKind.RELU6: elementwise.check_relu,
    OpKind.RELU_0_TO_1: elementwise.check_narrow_relu,
    OpKind.RELU_N1_TO_1: elementwise.check_narrow_relu,
    OpKind.RESHAPE: layout.check_reshape,
    OpKind.SHAPE: _unfolded,
    OpKind.SOFTMAX: reduction.check_softmax,
    OpKind.SPACE_TO_BATCH_ND: _no_dilation,
    OpKind.SQUEEZE: layout.check_squeeze,
    OpKind.STRIDED_SLICE: layout.check_strided_slice,
    OpKind.SUB: elementwise.check_add,
    OpKind.TANH: elementwise.check_tanh,
    OpKind.TRANSPOSE: layout.check_transpose,
}
