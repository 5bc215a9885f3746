"""Multipliers of 54 bits: every accumulator where an output climbs, and dense layers that need them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.codegen.exact.int16_rounding import scaled, wide_multiplier
from emgdeploy.codegen.rounding import round_half_away
from emgdeploy.graph import read_tflite
from support.machines.proof import prove
from support.models.coverage import kernels_called
from support.models.maker import Maker
from support.models.tflite_writer import options


@settings(max_examples=60, deadline=None)
@given(st.floats(2**-27, 2**7), st.integers(0, 2**32 - 1))
def test_it_is_the_reference_around_every_tie_and_at_random(scale: float, seed: int) -> None:
    bound = min(2**43, int(2**31 / scale) - 1)
    m = wide_multiplier(scale, bound)
    assert m is not None
    rng = np.random.default_rng(seed)
    ties = ((rng.integers(0, 32768, 20000) + 0.5) / scale).astype(np.int64)
    near = np.concatenate([ties + d for d in (-1, 0, 1)] + [rng.integers(0, bound + 1, 20000)])
    x = near[(near >= 0) & (near <= bound)]
    wanted = round_half_away(x.astype(np.float64) * scale)
    assert np.array_equal(np.minimum(scaled(x, m), 32768), np.minimum(wanted, 32768))


@pytest.mark.parametrize("scale", [0.5, 0.25, 2.0**-20, 1.5, 127.0])
def test_exact_ties_go_away_from_zero(scale: float) -> None:
    m = wide_multiplier(scale, 2**24)
    assert m is not None
    x = np.arange(0, 2**17)
    assert np.array_equal(scaled(x, m), round_half_away((x * scale).astype(np.float64)))


def test_what_is_too_small_gives_zero_or_nothing() -> None:
    zero = wide_multiplier(1e-40, 2**40)
    assert zero is not None and not scaled(np.arange(1000), zero).any()
    assert wide_multiplier(2.0**-30, 2**50) is None


def dense(depth: int, scale: float, dtype: str, zero_point: int = 0) -> bytes:
    """One dense layer whose input, weight and output scales multiply to `scale`."""
    m = Maker(3, dtype)
    x = m.quantized((1, depth), 0.05, 0 if dtype == "int16" else 7)
    weights = m.numbers((6, depth), 128)
    kernel = m.writer.tensor((6, depth), "int8", 0.01, zero_point, weights)
    out = m.quantized((1, 6), 0.05 * 0.01 / scale, 0)
    table = options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False)
    m.op("FULLY_CONNECTED", [x.index, kernel], out, table)
    return m.writer.finish([x.index], [out.index])


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("scale", [3e-6, 1.1e-7, 5e-9])
def test_layers_of_tiny_scales_are_exact(dtype: str, scale: float, tmp_path: Path) -> None:
    for zero_point in (0, -9):
        prove(dense(3000, scale, dtype, zero_point), tmp_path / str(zero_point))


def test_int8_takes_the_wide_form_only_where_31_bits_fail(tmp_path: Path) -> None:
    answer = np.zeros(3000, np.int8), np.zeros(6, np.int8)
    kept: dict[str, bytes] = {}
    for i in range(60):
        tflite = dense(3000, 3e-6 * (1 + i / 60), "int8")
        (kernel,) = kernels_called(generate(read_tflite(tflite), CodegenOptions(answer)))
        kept.setdefault(kernel, tflite)
    assert set(kept) == {"fully_connected_s8", "fully_connected_wide_s8"}
    for kernel, tflite in kept.items():
        prove(tflite, tmp_path / kernel)
