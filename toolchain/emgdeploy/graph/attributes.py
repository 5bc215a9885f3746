"""From each operator's option table to the attributes of `Op`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.types import Activation, OpKind, Padding, Tensor, Window

Attributes = dict[str, Any]

_ACTIVATIONS = {
    0: Activation.NONE,
    1: Activation.RELU,
    2: Activation.RELU_N1_TO_1,
    3: Activation.RELU6,
}
_SAME, _VALID = 0, 1
_LARGEST_STEP = 4096
_MAX_AXES = 8


def read_attributes(kind: OpKind, op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    """The attributes of one operator; `tensors` are its inputs (None where left out).

    Raises InputError naming the operator when an option is missing or out of range.
    """
    reader = _READERS.get(kind)
    return reader(op, tensors, where) if reader else {}


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """TFLite's SAME padding of one axis as (before, after); the odd one goes after."""
    extent = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def _table(op: Any, name: str, where: str) -> Any:
    table = flat.options(op, name)
    if table is None:
        raise InputError(f"{where} has no {name}", flat.HINT)
    return table


def _activation(table: Any, where: str) -> Activation:
    code = table.FusedActivationFunction()
    if code not in _ACTIVATIONS:
        raise InputError(
            f"{where} has fused activation number {code}, which is not supported",
            "use no activation, RELU, RELU6 or RELU_N1_TO_1, or a separate operator",
        )
    return _ACTIVATIONS[code]


def _step(value: int, what: str, where: str) -> int:
    if not 1 <= value <= _LARGEST_STEP:
        raise InputError(f"{where} has {what} {value}; 1 to {_LARGEST_STEP} are accepted", flat.HINT)
    return value


def _window(
    table: Any, image: Tensor | None, size: tuple[int, int], dilation: tuple[int, int], where: str
) -> Window:
    if image is None or len(image.shape) != 4:
        raise InputError(f"{where} needs an input of rank 4 (batch, height, width, channels)", flat.HINT)
    stride = (_step(table.StrideH(), "stride", where), _step(table.StrideW(), "stride", where))
    padding, reckoned = Padding(), None
    if table.Padding() == _SAME:
        reckoned = image.size2d
        top, bottom = same_padding(image.shape[1], size[0], stride[0], dilation[0])
        left, right = same_padding(image.shape[2], size[1], stride[1], dilation[1])
        padding = Padding(top, bottom, left, right)
    elif table.Padding() != _VALID:
        raise InputError(f"{where} has padding number {table.Padding()}; SAME or VALID is needed", flat.HINT)
    return Window(size, stride, dilation, padding, reckoned)


def _dilation(table: Any, where: str) -> tuple[int, int]:
    return (
        _step(table.DilationHFactor(), "dilation", where),
        _step(table.DilationWFactor(), "dilation", where),
    )


def _filter_size(tensors: Sequence[Tensor | None], where: str) -> tuple[int, int]:
    weights = tensors[1] if len(tensors) > 1 else None
    if weights is None or len(weights.shape) != 4:
        raise InputError(f"{where} needs weights of rank 4", flat.HINT)
    return weights.shape[1], weights.shape[2]


def _conv(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    table = _table(op, "Conv2DOptions", where)
    window = _window(table, tensors[0], _filter_size(tensors, where), _dilation(table, where), where)
    return {
        "window": window,
        "activation": _activation(table, where),
        "quantized_bias": int(table.QuantizedBiasType()),
    }


def _depthwise(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    table = _table(op, "DepthwiseConv2DOptions", where)
    window = _window(table, tensors[0], _filter_size(tensors, where), _dilation(table, where), where)
    image, weights = tensors[0], tensors[1]
    if image is None or weights is None or image.shape[3] < 1 or weights.shape[3] % image.shape[3]:
        raise InputError(f"{where}: output channels are no multiple of the input channels", flat.HINT)
    return {
        "window": window,
        "activation": _activation(table, where),
        "depth_multiplier": weights.shape[3] // image.shape[3],
    }


def _pool(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    table = _table(op, "Pool2DOptions", where)
    size = (_step(table.FilterHeight(), "filter", where), _step(table.FilterWidth(), "filter", where))
    return {
        "window": _window(table, tensors[0], size, (1, 1), where),
        "activation": _activation(table, where),
    }


def _dense(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    table = _table(op, "FullyConnectedOptions", where)
    if table.WeightsFormat() != 0:
        raise InputError(
            f"{where} has shuffled weights, which is not supported", "export without 4x16 shuffling"
        )
    return {
        "activation": _activation(table, where),
        "keep_dims": bool(table.KeepNumDims()),
        "quantized_bias": int(table.QuantizedBiasType()),
    }


def _add(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    return _sum(_table(op, "AddOptions", where), where)


def _sub(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    return _sum(_table(op, "SubOptions", where), where)


def _sum(table: Any, where: str) -> Attributes:
    return {"activation": _activation(table, where), "shifts_int16": bool(table.PotScaleInt16())}


def _mul(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    return {"activation": _activation(_table(op, "MulOptions", where), where)}


def _concat(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    table = _table(op, "ConcatenationOptions", where)
    return {"activation": _activation(table, where), "axis": int(table.Axis())}


def _gather(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    table = _table(op, "GatherOptions", where)
    if table.BatchDims() != 0:
        raise InputError(
            f"{where} gathers in batches, which is not supported", "export the model with fixed shapes"
        )
    return {"axis": int(table.Axis())}


def _gelu(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    return {"approximate": bool(_table(op, "GeluOptions", where).Approximate())}


def _keep_dims(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    return {"keep_dims": bool(_table(op, "ReducerOptions", where).KeepDims())}


def _softmax(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    return {"beta": float(_table(op, "SoftmaxOptions", where).Beta())}


def _leaky_relu(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    return {"alpha": float(_table(op, "LeakyReluOptions", where).Alpha())}


def _pack(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    table = _table(op, "PackOptions", where)
    if table.ValuesCount() != len(tensors):
        raise InputError(f"{where} has {len(tensors)} inputs for {table.ValuesCount()} values", flat.HINT)
    return {"axis": int(table.Axis())}


def _unpack(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    return {"axis": int(_table(op, "UnpackOptions", where).Axis())}


def _strided_slice(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    t = _table(op, "StridedSliceOptions", where)
    return {
        "masks": (t.BeginMask(), t.EndMask(), t.EllipsisMask(), t.NewAxisMask(), t.ShrinkAxisMask()),
    }


def _reshape(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    table = flat.options(op, "ReshapeOptions")
    return {"sizes": _small(table, "NewShape", where)} if table is not None else {}


def _shape(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    return {"element_type": int(_table(op, "ShapeOptions", where).OutType())}


def _squeeze(op: Any, tensors: Sequence[Tensor | None], where: str) -> Attributes:
    table = flat.options(op, "SqueezeOptions")
    return {"sizes": _small(table, "SqueezeDims", where)} if table is not None else {}


def _small(table: Any, field: str, where: str) -> tuple[int, ...]:
    return tuple(int(v) for v in flat.vector(table, field, where, _MAX_AXES))


_READERS: dict[OpKind, Callable[[Any, Sequence[Tensor | None], str], Attributes]] = {
    OpKind.ADD: _add,
    OpKind.AVERAGE_POOL_2D: _pool,
    OpKind.CONCATENATION: _concat,
    OpKind.CONV_2D: _conv,
    OpKind.DEPTHWISE_CONV_2D: _depthwise,
    OpKind.FULLY_CONNECTED: _dense,
    OpKind.GATHER: _gather,
    OpKind.GELU: _gelu,
    OpKind.LEAKY_RELU: _leaky_relu,
    OpKind.MAX_POOL_2D: _pool,
    OpKind.MEAN: _keep_dims,
    OpKind.MUL: _mul,
    OpKind.PACK: _pack,
    OpKind.REDUCE_MAX: _keep_dims,
    OpKind.REDUCE_MIN: _keep_dims,
    OpKind.REDUCE_PROD: _keep_dims,
    OpKind.RESHAPE: _reshape,
    OpKind.SHAPE: _shape,
    OpKind.SQUEEZE: _squeeze,
    OpKind.SOFTMAX: _softmax,
    OpKind.STRIDED_SLICE: _strided_slice,
    OpKind.SUB: _sub,
    OpKind.UNPACK: _unpack,
}
