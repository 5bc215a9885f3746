"""The preprocessing description: what it computes, how it travels, and what it refuses."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.errors import InputError
from emgdeploy.signals import Preprocess
from emgdeploy.signals.preprocess import load_preprocess

PLAIN = Preprocess(1000.0, (2, 3), tuple(range(6)), 20.0, 10.0)


def with_fields(**fields: Any) -> Preprocess:
    return dataclasses.replace(PLAIN, **fields)


def signal(
    samples: int = 200, channels: int = 6, seed: int = 0
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(3.0, 1.0, (samples, channels))


@settings(max_examples=60, deadline=None)
@given(
    window=st.integers(1, 12),
    stride=st.integers(1, 9),
    frames=st.integers(1, 4),
    image=st.sampled_from(["rms", "mav", "stacked"]),
    detrend=st.booleans(),
    samples=st.integers(0, 60),
)
def test_images_equal_the_plain_definition(
    window: int, stride: int, frames: int, image: str, detrend: bool, samples: int
) -> None:
    """Against a loop over windows written straight from the description's docstring, in double precision.

    Power is compared, not its root: where the mean goes, what is left of it has lost digits. That the bits
    are those of the firmware is what tests/firmware/test_live.py shows.
    """
    window *= frames
    detrend = detrend and window > 1
    wanted = with_fields(
        window_ms=float(window), stride_ms=float(stride), frames=frames, image=image, detrend=detrend
    )
    raw = signal(samples)
    images = wanted.features(raw)
    starts = list(range(0, samples - window + 1, stride))
    assert images.shape == (len(starts), frames, 2, 3)
    assert wanted.starts(samples).tolist() == starts
    for image_values, start in zip(images, starts, strict=True):
        part = raw[start : start + window]
        if detrend:
            part = part - part.mean(axis=0)
        for values, piece in zip(image_values, np.split(part, frames), strict=True):
            reduced = {
                "rms": (piece**2).mean(axis=0),
                "mav": np.abs(piece).mean(axis=0),
                "stacked": piece[-1],
            }[image]
            found = values.ravel() ** 2 if image == "rms" else values.ravel()
            assert np.allclose(found, reduced, rtol=0, atol=1e-5)


def test_instant_image_is_the_last_sample() -> None:
    images = with_fields(image="instant").features(signal(20))
    assert np.array_equal(images[0, 0].ravel(), signal(20)[19].astype(np.float32))


def test_electrodes_are_picked_in_grid_order_and_missing_ones_stay_zero() -> None:
    wanted = with_fields(electrodes=(5, 4, 3, -1, 1, 0), image="instant", window_ms=1.0, stride_ms=1.0)
    window = wanted.apply(np.arange(6.0)[None, :])[0, 0]
    assert window.tolist() == [[5, 4, 3], [0, 1, 0]]


@pytest.mark.parametrize("kind", ["global", "electrode"])
def test_normalisation_is_fitted_on_what_it_is_given(kind: str) -> None:
    wanted = with_fields(normalise=kind, log_epsilon=1e-3)
    with pytest.raises(InputError):
        wanted.apply(signal())
    features = wanted.features(signal(2000))
    fitted = wanted.fit(features)
    normal = fitted.normalised(features)
    assert normal.dtype == np.float32
    axes = (0, 1) if kind == "electrode" else (0, 1, 2, 3)
    assert np.allclose(normal.mean(axis=axes), 0, atol=1e-5)
    assert np.allclose(normal.std(axis=axes), 1, atol=1e-5)
    other = fitted.apply(signal(seed=9))
    assert not np.allclose(other.mean(axis=axes), 0, atol=1e-4)


def test_dead_electrode_stays_finite() -> None:
    raw = signal()
    raw[:, 2] = 0.0
    wanted = with_fields(normalise="electrode")
    assert bool(np.isfinite(wanted.fit(wanted.features(raw)).apply(raw)).all())


def test_frame_normalisation_is_that_of_the_published_project() -> None:
    raw = signal(5)
    window = with_fields(normalise="frame", image="instant", window_ms=1.0, stride_ms=1.0).apply(raw)
    assert np.allclose(window[2].ravel(), (raw[2] - raw[2].mean()) / raw[2].std(), atol=1e-6)


def test_filters_are_causal_and_ignore_the_offset() -> None:
    wanted = with_fields(
        bandpass_hz=(20.0, 450.0), notch_hz=(50.0,), image="stacked", window_ms=1.0, stride_ms=1.0
    )
    raw = np.full((300, 6), 12.0)
    assert np.abs(wanted.features(raw)).max() < 1e-5  # of 12 mV, single precision leaves a nanovolt
    raw[200] += 1.0
    changed = np.abs(wanted.features(raw)).max(axis=(1, 2, 3)) > 1e-5
    assert int(np.argmax(changed)) == 200


def test_notch_removes_the_power_line() -> None:
    time = np.arange(4000) / 1000.0
    raw = np.repeat(np.sin(2 * np.pi * 50 * time)[:, None], 6, axis=1)
    clean = with_fields(notch_hz=(50.0,)).features(raw)
    assert clean[-1].max() < 0.01 * with_fields().features(raw)[-1].min()


def test_description_survives_json_and_toml(tmp_path: Path) -> None:
    wanted = with_fields(
        bandpass_hz=(20.0, 400.0),
        notch_hz=(50.0,),
        log_epsilon=0.001,
        normalise="global",
        mean=(1.0,),
        std=(2.0,),
    )
    assert Preprocess.from_dict(json.loads(json.dumps(wanted.to_dict()))) == wanted
    (tmp_path / "p.toml").write_text(
        "sample_rate_hz = 1000\ngrid = [2, 3]\nwindow_ms = 20\nstride_ms = 10.0\nbandpass_hz = [20, 400]\n"
        'notch_hz = [50]\nlog_epsilon = 0.001\nnormalise = "global"\nmean = [1]\nstd = [2]\n'
    )
    assert load_preprocess(tmp_path / "p.toml") == wanted


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"colour": 1}, "colour"),
        ({"grid": [2]}, "grid"),
        ({"grid": [0, 3]}, "grid"),
        ({"grid": [10**9, 10**9]}, "grid"),
        ({"electrodes": [1, 2]}, "6 channels"),
        ({"electrodes": [-1] * 6}, "at least one"),
        ({"window_ms": "long"}, "window_ms"),
        ({"window_ms": float("nan")}, "window_ms"),
        ({"window_ms": 1e30}, "window_ms"),
        ({"image": "fft"}, "image"),
        ({"frames": 7}, "frames"),
        ({"frames": True}, "frames"),
        ({"log_epsilon": 0.1, "image": "stacked"}, "never negative"),
        ({"bandpass_hz": [20, 600]}, "bandpass_hz"),
        ({"bandpass_hz": [90, 20]}, "bandpass_hz"),
        ({"notch_hz": [500]}, "notch_hz"),
        ({"normalise": "global", "mean": [1.0], "std": [0.0]}, "std"),
        ({"normalise": "electrode", "mean": [1.0], "std": [1.0]}, "6 mean"),
        ({"sample_rate_hz": -1}, "sample_rate_hz"),
    ],
)
def test_field_that_makes_no_sense_is_named(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match="preprocessing") as caught:
        Preprocess.from_dict({**PLAIN.to_dict(), **fields})
    assert said in caught.value.message


def test_missing_field_broken_toml_and_too_few_channels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="window_ms"):
        Preprocess.from_dict({"sample_rate_hz": 1.0, "grid": [1, 1], "stride_ms": 1.0})
    with pytest.raises(InputError, match="table"):
        Preprocess.from_dict([1])
    (tmp_path / "p.toml").write_text("= 3")
    with pytest.raises(InputError, match="not valid TOML"):
        load_preprocess(tmp_path / "p.toml")
    with pytest.raises(InputError, match="cannot be read"):
        load_preprocess(tmp_path / "none.toml")
    with pytest.raises(InputError, match="channel 5"):
        PLAIN.apply(signal(channels=5))


def test_an_offset_a_thousand_times_the_signal_costs_no_precision() -> None:
    """Amplifiers leave offsets: single precision must keep what double precision makes of the signal."""
    rng = np.random.default_rng(8)
    signal = rng.normal(scale=0.02, size=(400, 3)) + np.array([-90.0, 0.0, 250.0])
    how = Preprocess(1000.0, (1, 3), (0, 1, 2), 100.0, 50.0, frames=2, detrend=True)
    raw = signal.astype(np.float32)
    exact = raw.astype(np.float64)
    windows = how.apply(raw)
    for index, start in enumerate(how.starts(len(raw)).tolist()):
        window = exact[start : start + 100]
        centred = (window - window.mean(axis=0)).reshape(2, 50, 3)
        wanted = np.sqrt((centred**2).mean(axis=1))
        assert np.allclose(windows[index].reshape(2, 3), wanted, rtol=1e-3)


@pytest.mark.parametrize("band", [(20.0, 450.0), (49.0, 51.0), None])
def test_no_sample_that_counts_as_good_makes_a_filter_overflow(band: tuple[float, float] | None) -> None:
    """The largest samples, with the signs that add up worst for some delay, and after them a usual signal."""
    wanted = with_fields(bandpass_hz=band, bandpass_order=4, notch_hz=(60.0, 120.0), rectify=True)
    signs = np.sign(np.random.default_rng(0).normal(size=(4000, 6)))
    worst = np.concatenate([signs[:2000], np.where(np.arange(2000)[:, None] // 10 % 2, 1, -1) * np.ones(6)])
    filtered = wanted.filtered(np.concatenate([worst * 2.0**32, signal(50)]))
    assert np.isfinite(filtered.signal).all() and not filtered.bad.any()
    assert np.isfinite(wanted.apply(worst * 2.0**32)).all()


@pytest.mark.parametrize(
    "fields",
    [
        {"bandpass_hz": (0.001, 0.002), "bandpass_order": 8},
        {"notch_hz": (0.001,), "notch_q": 1e6},
    ],
)
def test_a_filter_that_single_precision_cannot_run_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="single precision"):
        with_fields(**fields).apply(signal())


def test_bad_samples_become_the_last_good_one_of_their_electrode() -> None:
    wanted = with_fields(image="instant", window_ms=1.0, stride_ms=1.0, range_mv=(-5.0, 5.0))
    raw = np.ones((5, 6), np.float32)
    raw[:, 0] = (np.nan, 2, 6, -5, np.inf)
    assert wanted.apply(raw)[:, 0, 0, 0].tolist() == [0, 2, 2, -5, -5]
    assert wanted.filtered(raw).bad.sum(axis=0).tolist() == [3, 0, 0, 0, 0, 0]
