"""PAD moves behind layout changes and into convolutions."""

from __future__ import annotations

from pathlib import Path

import pytest

from emgdeploy.graph import Graph, read_tflite
from emgdeploy.graph.operators.layout import PAD
from emgdeploy.graph.passes.fold_pad import fold_pad
from emgdeploy.graph.passes.pad_last import pad_last
from support.models.maker import Maker, Value
from support.models.passes import count, kinds, proven
from support.models.tflite_writer import options
from support.random_models.random_layout import expand_dims, transposed
from support.random_models.random_reduction import max_pool
from support.random_models.random_weighted import conv, depthwise, padded


def start(shape: tuple[int, ...] = (1, 5, 4, 3), seed: int = 0) -> tuple[Maker, Value]:
    m = Maker(seed)
    m.values.append(m.value(shape))
    return m, m.values[0]


def finish(m: Maker, value: Value) -> bytes:
    return m.writer.finish([m.values[0].index], [value.index])


def both(graph: Graph) -> Graph:
    return fold_pad(pad_last(graph))


@pytest.mark.parametrize("seed", range(6))
def test_height_and_width_fold_into_any_convolution(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    m, x = start(seed=seed)
    layer = (conv, depthwise)[seed % 2]
    graph = proven(
        finish(m, layer(m, padded(m, padded(m, x, (1, 2), 2), (1, 2), 1))), fold_pad, tmp_path, monkeypatch
    )
    assert count(graph, PAD) == 0


def test_channels_a_pool_and_a_second_reader_keep_the_pad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    m, x = start()
    channels = conv(m, by_one(m, x, 3))
    pool = max_pool(m, by_one(m, channels, 1))
    wide = by_one(m, pool, 2)
    y = m.op("ADD", [wide.index, relu_of(m, wide).index], m.value(wide.shape),
             options("AddOptions", "NONE", potScaleInt16=False))  # fmt: skip
    graph = proven(finish(m, y), fold_pad, tmp_path, monkeypatch)
    assert count(graph, PAD) == 3


def by_one(m: Maker, image: Value, axis: int) -> Value:
    """PAD of one element before the first along an axis."""
    amounts = [[int(a == axis), 0] for a in range(4)]
    shape = tuple(d + a[0] for d, a in zip(image.shape, amounts, strict=True))
    return m.op("PAD", [image.index, m.integers(amounts)], m.like(shape, image), options("PadOptions"))


def relu_of(m: Maker, image: Value) -> Value:
    return m.op("RELU", [image.index], m.like(image.shape, image))


def test_a_transposition_after_it_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, x = start((1, 3, 5, 4))
    y = conv(m, transposed(m, padded(m, x, (2, 3), 2), (0, 2, 3, 1)))
    graph = proven(finish(m, y), both, tmp_path, monkeypatch)
    assert kinds(graph) == ["TRANSPOSE", "CONV_2D"]
    assert graph.out(graph.ops[0]).nbytes == 60


def test_a_view_that_moves_the_channel_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What exporters leave of a channels-first image of one channel."""
    m, x = start((1, 1, 5, 4))
    wide = padded(m, x, (2, 3), 2)
    y = conv(m, m.reshaped(wide, (1, *wide.shape[2:], 1)))
    graph = proven(finish(m, y), both, tmp_path, monkeypatch)
    assert kinds(graph) == ["RESHAPE", "CONV_2D"]


def test_a_one_dimensional_network_pads_before_it_grows_an_axis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(4):
        m, x = start((1, 9, 3), seed)
        y = conv(m, expand_dims(m, padded(m, x, (1,), 3)))
        graph = proven(finish(m, y), both, tmp_path / str(seed), monkeypatch)
        assert count(graph, PAD) == 0


def test_a_view_that_mixes_axes_stays_behind() -> None:
    m, x = start((1, 4, 3))
    wide = padded(m, x, (1, 2), 2)
    graph = read_tflite(finish(m, m.reshaped(wide, (1, wide.elements))))
    assert kinds(pad_last(graph)) == ["PAD", "RESHAPE"]
