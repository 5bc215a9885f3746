"""From an operator's option table in the file to the attributes of `Op`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.types import Activation, Padding, Tensor, Window

Attributes = dict[str, Any]
# An operator's inputs, None where one is left out.
Given = Sequence[Tensor | None]

_ACTIVATIONS = {
    0: Activation.NONE,
    1: Activation.RELU,
    2: Activation.RELU_N1_TO_1,
    3: Activation.RELU6,
}
_SAME, _VALID = 0, 1
_LARGEST_STEP = 4096
_MAX_AXES = 8


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """TFLite's SAME padding of one axis as (before, after); the odd one goes after."""
    extent = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def table_of(op: Any, name: str, where: str) -> Any:
    table = flat.options(op, name)
    if table is None:
        raise InputError(f"{where} has no {name}", flat.HINT)
    return table


def activation_of(table: Any, where: str) -> Activation:
    code = table.FusedActivationFunction()
    if code not in _ACTIVATIONS:
        raise InputError(
            f"{where} has fused activation number {code}, which is not supported",
            "use no activation, RELU, RELU6 or RELU_N1_TO_1, or a separate operator",
        )
    return _ACTIVATIONS[code]


def step_of(value: int, what: str, where: str) -> int:
    if not 1 <= value <= _LARGEST_STEP:
        raise InputError(f"{where} has {what} {value}; 1 to {_LARGEST_STEP} are accepted", flat.HINT)
    return value


def padding_of(table: Any, where: str) -> bool:
    """Whether it is SAME, and not VALID."""
    if table.Padding() not in (_SAME, _VALID):
        raise InputError(f"{where} has padding number {table.Padding()}; SAME or VALID is needed", flat.HINT)
    return bool(table.Padding() == _SAME)


def window_of(
    table: Any, image: Tensor | None, size: tuple[int, int], dilation: tuple[int, int], where: str
) -> Window:
    if image is None or len(image.shape) != 4:
        raise InputError(f"{where} needs an input of rank 4 (batch, height, width, channels)", flat.HINT)
    stride = (step_of(table.StrideH(), "stride", where), step_of(table.StrideW(), "stride", where))
    padding, reckoned = Padding(), None
    if padding_of(table, where):
        reckoned = image.size2d
        top, bottom = same_padding(image.shape[1], size[0], stride[0], dilation[0])
        left, right = same_padding(image.shape[2], size[1], stride[1], dilation[1])
        padding = Padding(top, bottom, left, right)
    return Window(size, stride, dilation, padding, reckoned)


def dilation_of(table: Any, where: str) -> tuple[int, int]:
    return (
        step_of(table.DilationHFactor(), "dilation", where),
        step_of(table.DilationWFactor(), "dilation", where),
    )


def filter_size(tensors: Given, where: str) -> tuple[int, int]:
    weights = tensors[1] if len(tensors) > 1 else None
    if weights is None or len(weights.shape) != 4:
        raise InputError(f"{where} needs weights of rank 4", flat.HINT)
    return weights.shape[1], weights.shape[2]


def small(table: Any, field: str, where: str) -> tuple[int, ...]:
    return tuple(int(v) for v in flat.vector(table, field, where, _MAX_AXES))


def fused(name: str) -> Callable[[Any, Given, str], Attributes]:
    """A reader of the option table `name` that holds a fused activation and nothing else of interest."""
    return lambda op, tensors, where: {"activation": activation_of(table_of(op, name, where), where)}
