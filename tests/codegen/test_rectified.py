"""The three-instruction requantization of rectified outputs: the reference on both sides of every step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.codegen.lower.dsp.pack import Endings
from emgdeploy.codegen.lower.dsp.rectified import first_multiple, rectified_form
from emgdeploy.codegen.lower.short_requantize import requantized


def one_channel(multiplier: int, shift: int, bias: int = 0, zero_point: int = -128) -> Channels:
    return Channels(
        bias=np.array([bias], np.int32),
        multiplier=np.array([multiplier], np.int32),
        shift=np.array([-shift], np.int8),
        zero_point=zero_point,
        low=-128,
        high=127,
    )


def form_of(channels: Channels, least: int, greatest: int, times256: bool) -> Endings | None:
    return rectified_form(channels, np.array([least]), np.array([greatest]), np.array([times256]))


def computed(found: Endings, bias: int, acc: NDArray[np.int64], times256: bool) -> NDArray[np.int64]:
    """What gemm_4ch_s8 makes of accumulators whose starting value was found.bias instead of bias."""
    moved = (acc + int(found.bias[0]) - bias) * (256 if times256 else 1)
    assert np.abs(moved).max() < 2**31
    high = (moved * int(found.multiplier[0]) >> 32) + int(found.offset[0])
    assert np.abs(high).max() < 2**31
    return np.asarray(np.clip(high >> (int(found.offset[0]) & 0xFF), -128, 127))


@settings(max_examples=200, deadline=None)
@given(
    st.integers(2**30, 2**31 - 1),
    st.integers(1, 15),
    st.integers(-(2**20), 2**20),
    st.integers(1, 2**21),
    st.booleans(),
)
def test_it_is_the_reference_beside_every_step_and_at_the_ends(
    multiplier: int, shift: int, bias: int, reach: int, times256: bool
) -> None:
    channels = one_channel(multiplier, shift, bias)
    least, greatest = bias - reach, bias + reach
    found = form_of(channels, least, greatest, times256)
    assert found is not None
    steps = ((np.arange(256) - 0.5) * 2.0 ** (31 + shift) / multiplier).astype(np.int64)
    near = np.concatenate([steps + d for d in range(-3, 4)] + [np.array([least, least + 1, greatest])])
    acc = near[(near >= least) & (near <= greatest)]
    assert np.array_equal(computed(found, bias, acc, times256), requantized(channels, acc))


@pytest.mark.parametrize("acc", [-1000, 0, 12345])
def test_a_channel_without_weights_is_a_constant(acc: int) -> None:
    channels = one_channel(1_500_000_000, 7, acc)
    found = form_of(channels, acc, acc, times256=True)
    assert found is not None and found.multiplier[0] == 0
    high = int(found.offset[0])
    assert high >> (high & 0xFF) == requantized(channels, np.array([acc]))[0]


@pytest.mark.parametrize(("shift", "taken"), [(0, False), (1, True), (15, True), (16, False)])
def test_bounds_of_the_shift(shift: int, taken: bool) -> None:
    assert (form_of(one_channel(2**30 + 1, shift), -1000, 1000, False) is not None) == taken


@pytest.mark.parametrize(("greatest", "taken"), [(2**29, True), (2**30, False)])
def test_bounds_of_the_sum(greatest: int, taken: bool) -> None:
    assert (form_of(one_channel(2**30 + 1, 9), -1000, greatest, False) is not None) == taken


def test_another_range_is_refused() -> None:
    assert form_of(one_channel(2**30 + 1, 9, zero_point=-127), -1000, 1000, False) is None


@given(st.integers(0, 300), st.integers(1, 200), st.data())
def test_first_multiple_in_a_range(step: int, modulus: int, data: st.DataObject) -> None:
    low = data.draw(st.integers(0, modulus - 1))
    high = data.draw(st.integers(low, modulus - 1))
    wanted = next((k for k in range(modulus + 1) if low <= k * step % modulus <= high), None)
    assert first_multiple(step, modulus, low, high) == wanted
