"""Random products of matrices."""

from __future__ import annotations

from support.models.maker import LARGEST, Maker, Value
from support.models.tflite_writer import options
from support.random_models.random_elementwise import relu


def batch_matmul(m: Maker, image: Value) -> Value:
    """By an earlier value, by itself transposed, or by a constant on either side that may repeat."""
    rank = len(image.shape)
    if m.dtype == "int16" or not 2 <= rank <= 5:
        return relu(m, image)
    adjoint, first = m.chance(0.5), m.chance(0.5)
    depth = image.shape[-2] if adjoint == first else image.shape[-1]
    other, other_adjoint = _other(m, image, depth, first, adjoint)
    left, right = (image, other) if first else (other, image)
    flags = (adjoint, other_adjoint) if first else (other_adjoint, adjoint)
    rows = left.shape[-1] if flags[0] else left.shape[-2]
    columns = right.shape[-2] if flags[1] else right.shape[-1]
    shape = (*image.shape[:-2], rows, columns)
    out = m.value(shape, image.spread * other.spread * depth**0.5)
    table = options("BatchMatMulOptions", adjX=flags[0], adjY=flags[1], asymmetricQuantizeInputs=False)
    return m.op("BATCH_MATMUL", [left.index, right.index], out, table)


def _other(m: Maker, image: Value, depth: int, first: bool, adjoint: bool) -> tuple[Value, bool]:
    """An operand with `depth` rows (to the right of the image) or columns (to its left), and whether transposed."""
    batch = image.shape[:-2]
    alike = [v for v in m.values if v.shape == image.shape and v.dtype == image.dtype] or [image]
    if m.chance(0.4):
        flipped = (image.shape[-1] == depth) == first
        return m.pick(alike), flipped
    flipped = m.chance(0.5)
    width = min(m.number(1, 9), max(1, LARGEST // max(1, image.elements)))
    matrix = (depth, width) if first != flipped else (width, depth)
    kept = [m.chance(0.5) for _ in batch]
    repeated = tuple(d if k else 1 for d, k in zip(batch, kept, strict=True))
    return m.constant((*m.pick(((), batch, repeated)), *matrix), image.spread), flipped
