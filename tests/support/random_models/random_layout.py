"""Random operators that move values: paddings, transpositions, views, joins, shape arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from support.models.maker import LARGEST, Maker, Value
from support.models.tflite_writer import options
from support.random_models.random_elementwise import add, leaky_relu, mul, relu, requantize
from support.random_models.random_weighted import conv, dense, depthwise, padded


def pad(m: Maker, image: Value) -> Value:
    axes = tuple(range(1, len(image.shape)))
    return padded(m, image, axes, 1 if image.elements > 400 else 2)


def transpose(m: Maker, image: Value) -> Value:
    return transposed(m, image, (0, *(1 + m.rng.permutation(len(image.shape) - 1)).tolist()))


def transposed(m: Maker, image: Value, axes: tuple[int, ...]) -> Value:
    out = m.like(tuple(image.shape[a] for a in axes), image)
    return m.op("TRANSPOSE", [image.index, m.integers(axes)], out, options("TransposeOptions"))


def channels_first(m: Maker, image: Value) -> Value:
    """What converters leave of a channels-first network: there, something small, and back."""
    if len(image.shape) != 4:
        return transpose(m, image)
    inner: tuple[Callable[[Maker, Value], Value], ...] = (pad, relu, add, mul, leaky_relu, requantize)
    value = transposed(m, image, (0, 3, 1, 2))
    for _ in range(m.number(1, 2)):
        m.values.append(value)
        value = m.pick(inner)(m, value)
    if m.chance(0.15):
        return dense(m, m.reshaped(value, (1, value.elements)))
    back = transposed(m, value, (0, 2, 3, 1))
    return m.pick((conv, depthwise))(m, back) if m.chance(0.6) else back


def reshape(m: Maker, image: Value) -> Value:
    """Another shape of as many elements; one size may be left to be inferred."""
    shape = _factors(m, image.elements, m.pick((1, 2, 2)))
    asked = list(shape)
    if m.chance(0.4):
        asked[m.number(0, len(asked) - 1)] = -1
    out = m.like(shape, image)
    return m.op("RESHAPE", [image.index, m.integers(asked)], out, options("ReshapeOptions", newShape=asked))


def _factors(m: Maker, elements: int, count: int) -> tuple[int, ...]:
    sizes = [1]
    for _ in range(count):
        divisors = [d for d in range(1, elements + 1) if elements % d == 0]
        sizes.append(m.pick(divisors))
        elements //= sizes[-1]
    return (*sizes, elements)[: count + 2]


def image_again(m: Maker, value: Value) -> Value:
    """A rank-4 view of any value, so that convolutions may follow."""
    rest = [d for d in value.shape if d != 1]
    if len(rest) <= 3:
        shape = (1, *[1] * (3 - len(rest)), *rest)
    else:
        shape = (1, rest[0] * rest[1], int(np.prod(rest[2:-1])), rest[-1])
    return m.reshaped(value, shape)


def through_shape(m: Maker, image: Value) -> Value:
    """RESHAPE to sizes computed from the input's own shape: SHAPE, STRIDED_SLICE, PACK."""
    writer = m.writer
    shape = writer.tensor((len(image.shape),), "int32")
    writer.op("SHAPE", [image.index], shape, options("ShapeOptions", outType=2))
    batch = writer.tensor((), "int32")
    begin, end, step = (m.integers([v]) for v in (0, 1, 1))
    writer.op("STRIDED_SLICE", [shape, begin, end, step], batch, options(
        "StridedSliceOptions", beginMask=0, endMask=0, ellipsisMask=0, newAxisMask=0, shrinkAxisMask=1))  # fmt: skip
    batch_size = image.shape[0]
    rest = m.integers(image.elements // batch_size)
    sizes = writer.tensor((2,), "int32")
    writer.op("PACK", [batch, rest], sizes, options("PackOptions", axis=0, valuesCount=2))
    out = m.like((batch_size, image.elements // batch_size), image)
    return m.op("RESHAPE", [image.index, sizes], out, options("ReshapeOptions"))


def squeeze(m: Maker, image: Value) -> Value:
    """SQUEEZE of all or one of the axes of size 1 (never the batch)."""
    ones = [a for a, d in enumerate(image.shape) if d == 1 and a > 0]
    if not ones:
        return expand_dims(m, image)
    dropped = [m.pick(ones)]
    shape = tuple(d for a, d in enumerate(image.shape) if a not in dropped)
    return m.op(
        "SQUEEZE", [image.index], m.like(shape, image), options("SqueezeOptions", squeezeDims=dropped)
    )


def expand_dims(m: Maker, image: Value) -> Value:
    if len(image.shape) > 3:
        return reshape(m, image)
    axis = m.number(1, len(image.shape))
    shape = (*image.shape[:axis], 1, *image.shape[axis:])
    out = m.like(shape, image)
    return m.op("EXPAND_DIMS", [image.index, m.integers([axis])], out, options("ExpandDimsOptions"))


def concatenate(m: Maker, image: Value) -> Value:
    """Two to four operands of one quantization along any axis but the batch."""
    axis = m.number(1, len(image.shape) - 1)
    operands = [image]
    for _ in range(m.number(1, 3)):
        if (len(operands) + 1) * image.elements > LARGEST:
            break
        operands.append(image if m.chance(0.2) else _variant(m, image, axis))
    shape = list(image.shape)
    shape[axis] = sum(v.shape[axis] for v in operands)
    order = m.rng.permutation(len(operands))
    out = m.like(tuple(shape), image)
    named = axis - len(shape) if m.chance(0.3) else axis
    return m.op("CONCATENATION", [operands[i].index for i in order], out,
                options("ConcatenationOptions", "NONE", axis=named))  # fmt: skip


def _variant(m: Maker, image: Value, axis: int) -> Value:
    """Something of the image's quantization whose shape differs at most along one axis."""
    if m.chance(0.5):
        amounts = np.zeros((len(image.shape), 2), np.int32)
        amounts[axis, m.number(0, 1)] = 1
        shape = tuple(int(d + a.sum()) for d, a in zip(image.shape, amounts, strict=True))
        out = m.like(shape, image)
        return m.op("PAD", [image.index, m.integers(amounts)], out, options("PadOptions"))
    return m.op("RELU", [image.index], m.like(image.shape, image))
