"""Random parts of values: SLICE, STRIDED_SLICE, SPLIT, SPLIT_V, UNPACK and REVERSE_V2."""

from __future__ import annotations

from support.models.maker import Maker, Value
from support.models.tflite_writer import options


def part(m: Maker, image: Value) -> Value:
    """SLICE along any axes but the batch; a size may be left open."""
    begin = [0, *(m.number(0, d - 1) for d in image.shape[1:])]
    size = [m.number(1, d - b) for b, d in zip(begin, image.shape, strict=True)]
    out = m.like(tuple(size), image)
    asked = [
        -1 if b + s == d and m.chance(0.5) else s for b, s, d in zip(begin, size, image.shape, strict=True)
    ]
    return m.op("SLICE", [image.index, m.integers(begin), m.integers(asked)], out, options("SliceOptions"))


def strided(m: Maker, image: Value) -> Value:
    """STRIDED_SLICE with steps, backward ones among them, and an axis that may go."""
    begin, end, step, shape = [0], [1], [1], [image.shape[0]]
    shrunk = 0
    for axis, size in enumerate(image.shape[1:], 1):
        if m.chance(0.15) and len(image.shape) > 2:
            at = m.number(0, size - 1)
            shrunk |= 1 << axis
            begin, end, step = [*begin, at - size if m.chance(0.5) else at], [*end, 0], [*step, 1]
            continue
        first, last, by = m.number(0, size - 1), m.number(0, size - 1), m.pick((1, 1, 2, 3))
        by = by if first <= last else -by
        # Past the last one; before the first there is no number but one below -size.
        stop = last + 1 if by > 0 else (last - 1 if last else -size - 1)
        begin, end, step = [*begin, first], [*end, stop], [*step, by]
        shape.append(abs(last - first) // abs(by) + 1)
    table = options("StridedSliceOptions", beginMask=1, endMask=1, ellipsisMask=0, newAxisMask=0,
                    shrinkAxisMask=shrunk)  # fmt: skip
    inputs = [image.index, *(m.integers(v) for v in (begin, end, step))]
    return m.op("STRIDED_SLICE", inputs, m.like(tuple(shape), image), table)


def split(m: Maker, image: Value) -> Value:
    """Equal or unequal parts along an axis; the network goes on with one, and may use the others."""
    axis = m.number(1, len(image.shape) - 1)
    whole = image.shape[axis]
    divisors = [d for d in range(1, min(whole, 4) + 1) if whole % d == 0]
    if m.chance(0.5):
        count = m.pick(divisors)
        sizes = [whole // count] * count
        named = m.integers(axis - len(image.shape) if m.chance(0.3) else axis)
        outs = [m.like(_resized(image, axis, s), image) for s in sizes]
        m.several("SPLIT", [named, image.index], outs, options("SplitOptions", numSplits=count))
    else:
        first = m.number(1, whole)
        sizes = [first, whole - first] if first < whole else [whole]
        outs = [m.like(_resized(image, axis, s), image) for s in sizes]
        asked = [*sizes[:-1], -1] if m.chance(0.3) else sizes
        m.several("SPLIT_V", [image.index, m.integers(asked), m.integers(axis)], outs,
                  options("SplitVOptions", numSplits=len(sizes)))  # fmt: skip
    m.values.extend(outs)
    return outs[m.number(0, len(outs) - 1)]


def reverse(m: Maker, image: Value) -> Value:
    """REVERSE_V2 along one axis, counted from either end; the reference takes several only as neighbours."""
    axis = m.number(1, len(image.shape) - 1)
    named = m.integers([axis - len(image.shape) if m.chance(0.3) else axis])
    table = options("ReverseV2Options")
    return m.op("REVERSE_V2", [image.index, named], m.like(image.shape, image), table)


def unpack(m: Maker, image: Value) -> Value:
    axis = m.number(1, len(image.shape) - 1)
    if image.shape[axis] > 6 or len(image.shape) < 3:
        return part(m, image)
    shape = tuple(d for a, d in enumerate(image.shape) if a != axis)
    outs = [m.like(shape, image) for _ in range(image.shape[axis])]
    table = options("UnpackOptions", axis=axis, num=len(outs))
    m.several("UNPACK", [image.index], outs, table)
    return outs[m.number(0, len(outs) - 1)]


def _resized(image: Value, axis: int, size: int) -> tuple[int, ...]:
    return tuple(size if a == axis else d for a, d in enumerate(image.shape))
