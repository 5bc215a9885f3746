"""Memory plans under the shadow: sound ones pass, and three kinds of mistakes are caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emgdeploy.codegen import overlap
from emgdeploy.codegen.lower import conv, depthwise
from emgdeploy.codegen.lower import int16 as wide
from emgdeploy.codegen.lower.dsp import conv as dsp_conv
from emgdeploy.codegen.lower.mve import conv as mve_conv
from emgdeploy.codegen.overlap import Walk
from emgdeploy.codegen.step import Overlap
from support.machines.shadow_arena import MODES, PlanError, prove_plan
from support.models.kernel_graphs import layer
from support.models.maker import Maker
from support.models.published import TFLITE, tflite_of
from support.models.tflite_writer import ModelWriter, conv_options, depthwise_options, options
from support.random_models.random_graphs import random_graph

SEEDS = range(18)
HEIGHT, WIDTH, DEPTH = 9, 7, 4
ROW, PIXEL = WIDTH * DEPTH, DEPTH
LAGS = pytest.mark.parametrize("lag", [ROW, PIXEL], ids=["a row", "a pixel"])
# Instruction set, type of activations, channels out: widening layers walk backward.
KINDS = pytest.mark.parametrize(
    ("isa", "dtype", "channels"),
    [(isa, dtype, channels) for isa, dtype in (("portable", "int8"), ("dsp", "int8"), ("mve", "int8"), ("portable", "int16"))
     for channels in (DEPTH // 2, DEPTH * 2)],
)  # fmt: skip


def convolution(dtype: str, channels: int, depthwise: bool = False) -> bytes:
    """One 3 x 3 convolution over rows of several pixels."""
    rng, writer = np.random.default_rng(0), ModelWriter()
    scale, wide_bias = (0.05, "int32") if dtype == "int8" else (0.001, "int64")
    image = writer.tensor((1, HEIGHT, WIDTH, DEPTH), dtype, scale, 0)
    out = writer.tensor((1, HEIGHT, WIDTH, channels), dtype, 2 * scale, 0)
    shape = (1, 3, 3, channels) if depthwise else (channels, 3, 3, DEPTH)
    weights = writer.tensor(shape, "int8", 0.02, 0, rng.integers(-127, 128, shape).astype(np.int8))
    bias = writer.tensor((channels,), wide_bias, 0.02 * scale, 0, np.zeros(channels, wide_bias))
    kind, chosen = (
        ("DEPTHWISE_CONV_2D", depthwise_options((1, 1), (1, 1), True, 1, "NONE"))
        if depthwise
        else ("CONV_2D", conv_options((1, 1), (1, 1), True, "NONE"))
    )
    writer.op(kind, [image, weights, bias], out, chosen)
    return writer.finish([image], [out])


@pytest.mark.parametrize("order", [(0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 1, 0)])
def test_a_tensor_joined_to_views_of_itself(order: tuple[int, ...], tmp_path: Path) -> None:
    """Every name of a buffer is a reading of it that the sum of what was joined before may not reach."""
    m = Maker(3)
    m.dtype = "int8"
    image = m.value((1, 3, 50))
    first = m.op(
        "LEAKY_RELU", [image.index], m.like(image.shape, image), options("LeakyReluOptions", alpha=0.5)
    )
    view = m.op("RESHAPE", [first.index, m.integers(first.shape)], m.like(first.shape, first))
    names = (first.index, view.index)
    joined = m.op("CONCATENATION", [names[i] for i in order], m.like((1, 3 * len(order), 50), first),
                  options("ConcatenationOptions", "NONE", axis=1))  # fmt: skip
    prove_plan(m.writer.finish([image.index], [joined.index]), tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_networks_read_only_what_is_theirs(seed: int, tmp_path: Path) -> None:
    assert prove_plan(random_graph(seed), tmp_path, **MODES[seed % len(MODES)]).windows == 1


@pytest.mark.parametrize("seed", range(6))
def test_transformed_convolutions_read_only_what_is_theirs(seed: int, tmp_path: Path) -> None:
    assert prove_plan(layer("winograd", seed), tmp_path, isa="dsp", optimize="speed").windows == 1


@pytest.mark.parametrize("name", TFLITE)
def test_published_networks_read_only_what_is_theirs(name: str, shared: Path, tmp_path: Path) -> None:
    proof = prove_plan(tflite_of(name, shared, tmp_path), tmp_path, isa="dsp", optimize="memory")
    # A chain of dense layers reads all of its input to the end: nothing can be shared there.
    assert (proof.shared > 0) == (name != "ad")


@KINDS
def test_a_sound_plan_shares_memory_and_passes(isa: str, dtype: str, channels: int, tmp_path: Path) -> None:
    assert prove_plan(convolution(dtype, channels), tmp_path, isa=isa).shared == 1


@LAGS
@KINDS
def test_a_lag_that_is_too_short_is_caught(
    isa: str, dtype: str, channels: int, lag: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, lambda walk: _nearer(walk, lag * np.dtype(dtype).itemsize))
    with pytest.raises(PlanError, match="stale"):
        prove_plan(convolution(dtype, channels), tmp_path, isa=isa)


@KINDS
def test_the_wrong_walking_direction_is_caught(
    isa: str, dtype: str, channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, lambda walk: replace(walk, backward=not walk.backward))
    with pytest.raises(PlanError, match="stale"):
        prove_plan(convolution(dtype, channels), tmp_path, isa=isa)


@LAGS
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_a_depthwise_lag_that_is_too_short_is_caught(
    dtype: str, lag: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*arguments: Any) -> int:
        return overlap.uncopied_limit(*arguments) + lag * np.dtype(dtype).itemsize

    monkeypatch.setattr(wide if dtype == "int16" else depthwise, "uncopied_limit", short)
    with pytest.raises(PlanError, match="stale"):
        prove_plan(convolution(dtype, DEPTH, depthwise=True), tmp_path)


def plant(monkeypatch: pytest.MonkeyPatch, mistake: Callable[[Walk], Walk]) -> None:
    """Every convolution takes its walk from a planner that makes this mistake."""

    def choose(*args: Any, **kwargs: Any) -> Walk:
        return mistake(overlap.choose_walk(*args, **kwargs))

    for module in (conv, dsp_conv, mve_conv, wide):
        monkeypatch.setattr(module, "choose_walk", choose)


def _nearer(walk: Walk, by: int) -> Walk:
    """The output allowed to begin `by` bytes nearer to what is still to be read."""
    o = walk.overlap
    at_most = None if o.at_most is None else o.at_most + by
    at_least = None if o.at_least is None else o.at_least - by
    return replace(walk, overlap=Overlap(o.tensor, at_most, at_least, o.same_place))
