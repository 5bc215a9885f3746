"""Parts of tensors: SLICE, SPLIT, SPLIT_V and UNPACK become STRIDED_SLICE, and damaged ones one sentence."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from emgdeploy.graph.operators.slices import STRIDED_SLICE
from emgdeploy.graph.slicing import Part, part_of
from support.machines.native_model import SANITIZE
from support.machines.proof import prove
from support.models.maker import Maker, Value
from support.models.tflite_writer import options
from support.random_models import random_slices as slices

NONE = (0, 0, 0, 0, 0)
Layer = Callable[[Maker, Value], Value]


@pytest.mark.parametrize("layer", [slices.part, slices.strided, slices.split, slices.unpack])
@pytest.mark.parametrize("seed", range(3))
def test_a_random_part_is_equal_in_every_bit(layer: Layer, seed: int, tmp_path: Path) -> None:
    m = Maker(seed, ("int8", "int16")[seed % 2])
    image = m.value((1, m.number(2, 6), m.number(2, 6), m.number(1, 5)))
    m.values.append(image)
    y = layer(m, image)
    tflite = m.writer.finish([image.index], [m.reshaped(y, (1, *y.shape)).index])
    assert STRIDED_SLICE in {op.kind for op in read_tflite(tflite).ops}
    prove(tflite, tmp_path, flags=(*SANITIZE, "-O0"))


def test_several_splits_are_told_apart(tmp_path: Path) -> None:
    """Every output gets an operator of its own, and no two of them one number."""
    m = Maker(5)
    image = m.value((1, 4, 6))
    m.values.append(image)
    for _ in range(3):
        slices.split(m, image)
    total = image
    for part in m.values[1:]:
        wide = m.like((1, 4, 6), image)
        rest = np.zeros((3, 2), np.int32)
        rest[:, 1] = [a - b for a, b in zip(image.shape, part.shape, strict=True)]
        m.op("PAD", [part.index, m.integers(rest)], wide, options("PadOptions"))
        both = m.value((1, 4, 6))
        m.op("ADD", [total.index, wide.index], both, options("AddOptions", "NONE", potScaleInt16=False))
        total = both
    tflite = m.writer.finish([image.index], [total.index])
    numbers = [op.index for op in read_tflite(tflite).ops]
    assert len(numbers) == len(set(numbers))
    prove(tflite, tmp_path, flags=(*SANITIZE, "-O0"))


def test_places_follow_numpy() -> None:
    assert part_of((2, 3, 4), [0, 2, 0], [2, -4, 4], [1, -1, 2], NONE) == Part(8, (2, 3, 2), (12, -4, 2))
    assert part_of((2, 3), [1, 1], [0, 0], [1, 1], (0, 0, 0, 0, 3)) == Part(4, (), ())
    assert part_of((5,), [-1], [0], [1], (0, 1, 0, 0, 0)) == Part(4, (1,), (1,))


def sliced(
    kind: str, constants: list[list[int]], shape: tuple[int, ...], outs: int = 1, axis: int = 0
) -> bytes:
    m = Maker(0)
    image = m.value((1, 4, 6))
    made = [m.like(shape, image) for _ in range(outs)]
    inputs = [image.index, *(m.integers(c) for c in constants)]
    inputs = inputs[::-1] if kind == "SPLIT" else inputs
    table = options("UnpackOptions", axis=axis) if kind == "UNPACK" else None
    m.several(kind, inputs, made, table)
    return m.writer.finish([image.index], [made[0].index])


@pytest.mark.parametrize(
    "damaged",
    [
        sliced("SLICE", [[0, 3, 0], [1, 2, 6]], (1, 2, 6)),
        sliced("SLICE", [[0, -1, 0], [1, 1, 6]], (1, 1, 6)),
        sliced("SLICE", [[0, 0], [1, 1]], (1, 1, 6)),
        sliced("SLICE", [[0, 0, 0], [1, 4, 6]], (1, 4, 5)),
        sliced("SPLIT", [[7]], (1, 4, 3), 2),
        sliced("SPLIT", [[1]], (1, 2, 6), 3),
        sliced("SPLIT_V", [[2, 3], [2]], (1, 4, 2), 2),
        sliced("SPLIT_V", [[-1, -1], [2]], (1, 4, 3), 2),
        sliced("UNPACK", [], (1, 6), 3, axis=1),
        sliced("UNPACK", [], (1, 6), 4, axis=9),
    ],
)
def test_damaged_places_are_one_sentence(damaged: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_tflite(damaged)
    assert "operator 0 (" in str(caught.value) and caught.value.hint


def test_a_long_axis_is_not_taken_apart_to_be_refused() -> None:
    m = Maker(0)
    image = m.value((1, 1 << 18))
    made = [m.like((1,), image) for _ in range(2)]
    m.several("UNPACK", [image.index], made, options("UnpackOptions", axis=1))
    damaged = m.writer.finish([image.index], [made[0].index])
    tracemalloc.start()
    with pytest.raises(InputError, match="2 of 262144"):
        read_tflite(damaged)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_places_from_the_input_are_refused() -> None:
    m = Maker(0)
    image = m.value((1, 4))
    places = m.writer.tensor((2,), "int32")
    out = m.like((1, 4), image)
    m.op("SLICE", [image.index, places, places], out, options("SliceOptions"))
    with pytest.raises(InputError):
        read_tflite(m.writer.finish([image.index], [out.index]))
