"""Samples in pieces give the windows of the whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.signals import Preprocess
from emgdeploy.signals.stream import Stream


@settings(max_examples=60, deadline=None)
@given(
    window=st.integers(2, 12),
    stride=st.integers(1, 30),
    image=st.sampled_from(["rms", "mav", "stacked"]),
    bandpass=st.booleans(),
    detrend=st.booleans(),
    layout=st.sampled_from(["channels", "raster", "column"]),
    pieces=st.lists(st.integers(1, 40), min_size=1, max_size=12),
)
def test_any_cut_gives_the_same_bits(
    window: int, stride: int, image: str, bandpass: bool, detrend: bool, layout: str, pieces: list[int]
) -> None:
    preprocess = Preprocess(
        sample_rate_hz=1000.0,
        grid=(1, 2),
        electrodes=(1, 0),
        window_ms=float(window),
        stride_ms=float(stride),
        image=image,
        detrend=detrend,
        bandpass_hz=(20.0, 400.0) if bandpass else None,
        normalise="frame",
        layout=layout,
    )
    raw = np.random.default_rng(window).normal(1.0, 1.0, (sum(pieces), 2)).astype(np.float32)
    stream = Stream(preprocess)
    found = [stream.push(piece).windows for piece in np.split(raw, np.cumsum(pieces)[:-1])]
    assert np.array_equal(np.concatenate(found), preprocess.apply(raw))
