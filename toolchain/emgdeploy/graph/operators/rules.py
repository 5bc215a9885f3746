"""What the rules of every family need: a rule that does not hold raises BrokenRule."""

from __future__ import annotations

import math

import numpy as np

from emgdeploy.graph.numerics import ratio32, type_range
from emgdeploy.graph.types import Activation, Graph, Op, Tensor, Window

INT8, INT16, INT32, INT64 = (np.dtype(t) for t in (np.int8, np.int16, np.int32, np.int64))
FLOAT32 = np.dtype(np.float32)

# Beyond it the reference shifts a 32-bit accumulator out of its type.
_LARGEST_MULTIPLIER = 2.0**30
# Kernels hold sizes of images and windows in 16 bits.
LARGEST_SIZE = 2**15 - 1
_NOT_QUANTIZED = (
    "convert the model with full integer quantization: a representative dataset, and TFLITE_BUILTINS_INT8"
)
_REAL_LIMITS = {
    Activation.RELU: (0.0,),
    Activation.RELU6: (6.0,),
    Activation.RELU_N1_TO_1: (1.0,),
}


class BrokenRule(Exception):
    """A rule does not hold; carries the sentence's predicate and, sometimes, what to do."""

    def __init__(self, predicate: str, hint: str = "") -> None:
        super().__init__(predicate)
        self.hint = hint


def need(holds: bool, predicate: str, hint: str = "") -> None:
    if not holds:
        raise BrokenRule(predicate, hint)


def arity(op: Op, least: int, most: int, optional: tuple[int, ...] = ()) -> None:
    need(least <= len(op.inputs) <= most, f"has {len(op.inputs)} inputs; {least} to {most} are needed")
    required = (i for p, i in enumerate(op.inputs[:least]) if p not in optional)
    need(all(i >= 0 for i in required), "lacks a required input")


def activations(*tensors: Tensor) -> None:
    """All of one quantized type."""
    types = {t.dtype for t in tensors}
    need(FLOAT32 not in types, "computes on float32", _NOT_QUANTIZED)
    need(len(types) == 1 and types <= {INT8, INT16}, f"mixes element types {sorted(str(t) for t in types)}")
    need(
        all(t.quant is not None and not t.q.per_channel for t in tensors), "needs one scale for each operand"
    )
    for t in tensors:
        low, high = (0, 0) if t.dtype == INT16 else type_range(t.dtype)
        need(low <= t.q.zero_point <= high, f"has an operand with the zero point {t.q.zero_point}")
        need(bool(np.isfinite(t.q.scale)) and float(t.q.scale) > 0, "has a scale that is not positive")


def unary(graph: Graph, op: Op) -> tuple[Tensor, Tensor]:
    """Input and output of an operator that keeps the shape."""
    arity(op, 1, 1)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    need(out.shape == image.shape, f"turns shape {image.shape} into {out.shape}")
    return image, out


def activation(graph: Graph, op: Op) -> tuple[Tensor, Tensor]:
    image, out = unary(graph, op)
    activations(image, out)
    return image, out


def int8(graph: Graph, op: Op) -> tuple[Tensor, Tensor]:
    """Input and output of an operator that is supported for int8 alone."""
    activation(graph, op)
    return int8_types(graph, op)


def int8_types(graph: Graph, op: Op) -> tuple[Tensor, Tensor]:
    """The same of one that may change the shape."""
    arity(op, 1, 1)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    activations(image, out)
    need(image.dtype == INT8, f"has the type {image.dtype}; int8 is needed", "quantize the model to int8")
    return image, out


def pair(graph: Graph, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    arity(op, 2, 2)
    a, b, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    activations(a, b, out)
    fused_range(op.activation, out)
    broadcast(a, b, out)
    return a, b, out


def broadcast(a: Tensor, b: Tensor, out: Tensor) -> None:
    try:
        wanted = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        wanted = None
    need(wanted is not None, f"cannot combine shapes {a.shape} and {b.shape}")
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its inputs")


def rescaled(image: Tensor, out: Tensor) -> None:
    with np.errstate(over="ignore"):
        multiplier(ratio32(image, out))


def multiplier(value: float, what: str = "its output") -> None:
    """A real factor between quantizations that the reference's fixed-point form can hold."""
    need(
        math.isfinite(value) and 0 <= value < _LARGEST_MULTIPLIER,
        f"scales {what} by {value:.3g}, beyond what the reference defines",
        "quantize the model again with calibration windows that cover its real range",
    )


def fused_range(activation: Activation, out: Tensor) -> None:
    """The fused activation's bounds must fit into 32 bits of the output's quantization."""
    for real in _REAL_LIMITS.get(activation, ()):
        need(
            real / float(out.q.scale) < 2**31 - 256,
            f"fuses an activation at {real}, out of reach of the scale {float(out.q.scale):.3g}",
        )


def same_quantization(a: Tensor, b: Tensor) -> None:
    need(a.dtype == b.dtype, f"turns {a.dtype} into {b.dtype}")
    if a.dtype in (INT8, INT16):
        need(a.quant is not None and b.quant is not None, "needs one scale for each operand")
        same = a.q.scale == b.q.scale and a.q.zero_point == b.q.zero_point
        need(same, "changes scale or zero point, which it must not")


def same_numbers(a: Tensor, b: Tensor) -> bool:
    """Whether an integer stands for the same number in both."""
    return a.q.scale == b.q.scale and a.q.zero_point == b.q.zero_point


def constant(graph: Graph, op: Op, position: int, what: str) -> np.ndarray:
    """The int32 or int64 constant at an input position."""
    tensor = graph.tensors[op.inputs[position]]
    need(
        tensor.data is not None,
        f"takes {what} that are only known on the device",
        "export the model with fixed shapes",
    )
    need(tensor.dtype in (INT32, INT64), f"takes {what} of type {tensor.dtype}")
    return np.asarray(tensor.data, np.int64)


def output_size(size: tuple[int, int], window: Window) -> tuple[int, int]:
    """Height and width that a window leaves of an image, its padding included."""
    p = window.padding
    return (
        (size[0] + p.top + p.bottom - (window.size[0] - 1) * window.dilation[0] - 1) // window.stride[0] + 1,
        (size[1] + p.left + p.right - (window.size[1] - 1) * window.dilation[1] - 1) // window.stride[1] + 1,
    )


def image_out(op: Op, image: Tensor, out: Tensor, channels: int) -> None:
    sizes = (*image.shape, *out.shape, *op.w.size)
    need(max(sizes) <= LARGEST_SIZE, f"has an axis of {max(sizes)}; {LARGEST_SIZE} at most are supported")
    need(
        op.w.image in (None, image.size2d),
        f"has SAME padding for an image of {op.w.image} that turns out to be {image.size2d}",
        "export the model with fixed shapes",
    )
    wanted = (1, *output_size(image.size2d, op.w), channels)
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")


def unfolded(graph: Graph, op: Op) -> None:
    """The rule of operators that are gone once shapes are known."""
    raise BrokenRule(
        "computes on values that are only known on the device",
        "it is supported where it computes shapes from constants; export the model with fixed shapes",
    )
