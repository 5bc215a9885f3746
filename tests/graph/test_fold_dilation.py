"""What is dealt out into a batch and gathered again becomes a dilated convolution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from emgdeploy.graph.operators.dilation import BATCH_TO_SPACE_ND, SPACE_TO_BATCH_ND
from emgdeploy.graph.operators.weighted import CONV_2D
from emgdeploy.graph.types import Padding
from support.machines.native_model import SANITIZE
from support.machines.proof import prove
from support.models.maker import Maker, Value
from support.models.tflite_writer import conv_options, options
from support.random_models.random_dilation import dealt_conv
from support.random_models.random_weighted import bias, weights

BATCHES = {SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND}


@pytest.mark.parametrize("seed", range(12))
def test_a_random_one_is_equal_in_every_bit(seed: int, tmp_path: Path) -> None:
    m = Maker(seed, ("int8", "int16")[seed % 2])
    shape = (1, m.number(3, 9), m.number(3, 9), m.number(1, 4)) if seed % 3 else (1, m.number(5, 12), 3)
    image = m.value(shape)
    tflite = m.writer.finish([image.index], [dealt_conv(m, image).index])
    graph = read_tflite(tflite)
    assert set(graph.file_ops) >= BATCHES and not BATCHES & {op.kind for op in graph.ops}
    prove(tflite, tmp_path, flags=(*SANITIZE, "-O0"))


def keras_series(m: Maker, open_batch: bool, twice: bool = False) -> bytes:
    """A dilated Conv1D as Keras's converter writes it; `twice`: two that share what was dealt out."""
    sizes = (0,) if open_batch else ()
    batch = 1 if open_batch else 2
    image = m.value((1, 8, 3))
    dealt = opened(m, (batch, 4, 3), image, sizes)
    m.op("SPACE_TO_BATCH_ND", [image.index, m.integers([2]), m.integers([[0, 0]])], dealt)
    standing = opened(m, (batch, 1, 4, 3), image, sizes)
    m.op("EXPAND_DIMS", [dealt.index, m.integers(-3)], standing, options("ExpandDimsOptions"))
    outs = [_branch(m, standing, batch, sizes) for _ in range(1 + twice)]
    y = outs[0]
    if twice:
        y = m.value(outs[0].shape)
        chosen = options("AddOptions", "NONE", potScaleInt16=False)
        m.op("ADD", [o.index for o in outs], y, chosen)
    return m.writer.finish([image.index], [y.index])


def _branch(m: Maker, standing: Value, batch: int, sizes: tuple[int, ...]) -> Value:
    kernel, scales = weights(m, (5, 1, 3, 3), 0)
    summed = opened(m, (batch, 1, 2, 5), m.value((1,)), sizes)
    inputs = [standing.index, kernel, bias(m, standing, scales, 5)]
    m.op("CONV_2D", inputs, summed, conv_options((1, 1), (1, 1), False))
    flat = opened(m, (batch, 2, 5), summed, sizes)
    m.op("RESHAPE", [summed.index, m.integers([-1, 2, 5])], flat, options("ReshapeOptions"))
    gathered = opened(m, (1, 4, 5), summed, sizes)
    return m.op("BATCH_TO_SPACE_ND", [flat.index, m.integers([2]), m.integers([[0, 0]])], gathered)


def opened(m: Maker, shape: tuple[int, ...], like: Value, axes: tuple[int, ...]) -> Value:
    index = m.writer.tensor(shape, m.dtype, like.scale, like.zero_point, open_axes=axes)
    return Value(index, shape, like.scale, like.zero_point, m.dtype)


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("open_batch", [False, True])
def test_a_series_of_keras_with_and_without_an_open_batch(
    open_batch: bool, twice: bool, tmp_path: Path
) -> None:
    tflite = keras_series(Maker(3), open_batch, twice)
    graph = read_tflite(tflite)
    convs = [op for op in graph.ops if op.kind is CONV_2D]
    assert len(convs) == 1 + twice and not BATCHES & {op.kind for op in graph.ops}
    assert all(op.w.dilation == (1, 2) and op.w.padding == Padding() for op in convs)
    prove(tflite, tmp_path, flags=(*SANITIZE, "-O0"))


def dealt(
    blocks: tuple[int, int] = (2, 2),
    cut: tuple[int, int] = (2, 2),
    pads: tuple[int, int] = (0, 0),
    crops: tuple[int, int] = (0, 0),
    stride: int = 1,
) -> bytes:
    """A convolution of 2 x 2 taps over an 8 x 8 image, dealt out in blocks."""
    m = Maker(0)
    image = m.value((1, 8, 8, 2))
    height, width = ((8 + sum(pads)) // b for b in blocks)
    batch = blocks[0] * blocks[1]
    given = m.like((batch, height, width, 2), image)
    m.op("SPACE_TO_BATCH_ND", [image.index, m.integers(blocks), m.integers([pads, pads])], given)
    kernel, scales = weights(m, (3, 2, 2, 2), 0)
    height, width = (height - 2) // stride + 1, (width - 2) // stride + 1
    made = m.value((batch, height, width, 3))
    table = conv_options((stride, stride), (1, 1), False)
    m.op("CONV_2D", [given.index, kernel, bias(m, image, scales, 3)], made, table)
    sizes = (1, *(d * c - sum(crops) for d, c in zip((height, width), cut, strict=True)), 3)
    out = m.like(sizes, made)
    m.op("BATCH_TO_SPACE_ND", [made.index, m.integers(cut), m.integers([crops, crops])], out)
    return m.writer.finish([image.index], [out.index])


def test_crops_are_taken_off_the_paddings(tmp_path: Path) -> None:
    tflite = dealt(pads=(2, 4), crops=(1, 3))
    (conv,) = (op for op in read_tflite(tflite).ops if op.kind is CONV_2D)
    assert conv.w.padding == Padding(1, 1, 1, 1)
    prove(tflite, tmp_path, flags=(*SANITIZE, "-O0"))


@pytest.mark.parametrize(
    "changed", [{"cut": (4, 1)}, {"stride": 2}, {"crops": (1, 0)}], ids=["blocks", "stride", "crops"]
)
def test_what_is_no_dilation_is_refused_by_name(changed: dict[str, int]) -> None:
    with pytest.raises(InputError, match=r"SPACE_TO_BATCH_ND.*stands for no dilation") as caught:
        read_tflite(dealt(**changed))  # type: ignore[arg-type]
    assert "before and after one convolution of stride 1" in caught.value.hint


def test_a_view_that_mixes_time_and_channels_is_no_dilation() -> None:
    m = Maker(0)
    image = m.value((1, 6, 4))
    given = m.like((2, 3, 4), image)
    m.op("SPACE_TO_BATCH_ND", [image.index, m.integers([2]), m.integers([[0, 0]])], given)
    mixed = m.reshaped(given, (2, 1, 4, 3))
    kernel, scales = weights(m, (3, 1, 1, 3), 0)
    made = m.value((2, 1, 4, 3))
    m.op(
        "CONV_2D", [mixed.index, kernel, bias(m, image, scales, 3)], made, conv_options((1, 1), (1, 1), False)
    )
    out = m.like((1, 6, 4), made)
    back = m.reshaped(made, (2, 3, 4))
    m.op("BATCH_TO_SPACE_ND", [back.index, m.integers([2]), m.integers([[0, 0]])], out)
    with pytest.raises(InputError, match="stands for no dilation"):
        read_tflite(m.writer.finish([image.index], [out.index]))


def test_blocks_that_are_computed_on_the_device_are_refused() -> None:
    m = Maker(0)
    image = m.value((1, 8, 8, 2))
    given = m.like((4, 4, 4, 2), image)
    m.op("SPACE_TO_BATCH_ND", [image.index, -1, -1], given)
    with pytest.raises(InputError, match="SPACE_TO_BATCH_ND"):
        read_tflite(m.writer.finish([image.index], [m.reshaped(given, (1, 16, 4, 2)).index]))
    assert np.prod(given.shape) == 128
