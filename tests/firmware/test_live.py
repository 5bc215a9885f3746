"""Live recognition on the device: the same bits as the host's preprocessing, for any description."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emgdeploy.codegen.result import TensorSpec
from emgdeploy.convert.windows import quantize_windows
from emgdeploy.firmware import live
from emgdeploy.signals import Preprocess
from support.native_model import SANITIZE, STRICT, kernel_object

# What a user's own project may be compiled with: fused multiply-adds, and leave to use them.
LOOSE = ("-std=gnu99", "-O3", "-mfma", "-ffp-contract=fast")

_MODEL_H = """
#include <stdint.h>
typedef int8_t emg_input_t;
#define EMG_INPUT_LEN %d
"""
_MAIN = """
#include <stdio.h>
#include "live.h"
int main(void) {
    static float samples[EMG_LIVE_CHANNELS];
    static emg_input_t input[EMG_INPUT_LEN];
    while (fread(samples, sizeof samples[0], EMG_LIVE_CHANNELS, stdin) == EMG_LIVE_CHANNELS) {
        if (emg_live_push(samples)) {
            emg_live_window(input);
            if (fwrite(input, sizeof input[0], EMG_INPUT_LEN, stdout) != EMG_INPUT_LEN) { return 3; }
        }
    }
    return 0;
}
"""


def on_the_device(
    preprocess: Preprocess, samples: NDArray[np.float32], scale: float, flags: tuple[str, ...]
) -> NDArray[np.int8]:
    """(S, channels) in mV through the generated C: (N, height * width * frames) in the order H, W, C."""
    shape = preprocess.input_shape
    spec = TensorSpec((1, *shape[1:], shape[0]), "int8", scale, -3)
    order = live.device_order(shape, (1, 2, 0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = live.sources(preprocess, spec, order, {"model": "test */ model"})
        texts |= {"main.c": _MAIN, "model.h": _MODEL_H % order.size}
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        runtime = [path for path in texts if path.startswith("runtime/") and path.endswith(".c")]
        objects = [kernel_object(path, "gcc", flags) for path in runtime]
        command = ["gcc", *STRICT, *flags, "-I.", "-o", "live", "main.c", "live.c", *objects, "-lm"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        ran = subprocess.run([folder / "live"], input=samples.tobytes(), capture_output=True)
        assert ran.returncode == 0, ran.stderr.decode()
    return np.frombuffer(ran.stdout, np.int8).reshape(-1, order.size)


def on_the_host(preprocess: Preprocess, samples: NDArray[np.float32], scale: float) -> NDArray[Any]:
    windows = quantize_windows(preprocess.apply(samples), scale, -3, np.dtype(np.int8), (1, 2, 0))
    return windows.reshape(len(windows), -1)


@st.composite
def descriptions(draw: st.DrawFn) -> Preprocess:
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    frames = draw(st.integers(1, 3))
    image = draw(st.sampled_from(("rms", "mav", "stacked")))
    rectify = draw(st.booleans())
    detrend = image != "mav" and draw(st.booleans())
    signed = image == "stacked" and (detrend or not rectify)
    electrodes = draw(st.lists(st.integers(-1, 12), min_size=rows * columns, max_size=rows * columns))
    electrodes[0] = max(electrodes[0], 0)
    band = draw(st.sampled_from((None, (20.0, 400.0), (5.0, 90.0))))
    normalise = draw(st.sampled_from(("none", "global", "electrode", "frame")))
    return Preprocess(
        sample_rate_hz=1000.0,
        grid=(rows, columns),
        electrodes=tuple(electrodes),
        window_ms=float(frames * draw(st.integers(2, 20))),
        stride_ms=float(draw(st.integers(1, 50))),
        image=image,
        frames=frames,
        detrend=detrend,
        rectify=rectify,
        log_epsilon=None if signed else draw(st.sampled_from((None, 1e-3, 0.2))),
        bandpass_hz=band,
        bandpass_order=draw(st.integers(1, 4)),
        notch_hz=draw(st.sampled_from(((), (50.0,), (50.0, 150.0)))),
        normalise=normalise,
    )


def recording(channels: int, seed: int, samples: int = 300) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    offsets, gains = rng.normal(0, 2, channels), rng.lognormal(-2, 1, channels)
    return (offsets + gains * rng.normal(size=(samples, channels))).astype(np.float32)


def fitting_scale(preprocess: Preprocess, samples: NDArray[np.float32]) -> float:
    """A scale at which the windows use the range of int8, so that a last bit could show."""
    return max(float(np.abs(preprocess.apply(samples)).max()) / 100, 1e-6)


@settings(max_examples=12, deadline=None)
@given(preprocess=descriptions(), seed=st.integers(0, 1000))
@pytest.mark.parametrize("flags", [SANITIZE, LOOSE], ids=["strict", "loose"])
def test_windows_have_the_bits_of_the_host(flags: tuple[str, ...], preprocess: Preprocess, seed: int) -> None:
    samples = recording(max(preprocess.electrodes) + 1, seed)
    preprocess = preprocess.fit(preprocess.features(samples))
    scale = fitting_scale(preprocess, samples)
    found, wanted = on_the_device(preprocess, samples, scale, flags), on_the_host(preprocess, samples, scale)
    assert found.shape == wanted.shape and len(wanted) == len(preprocess.starts(len(samples)))
    assert np.array_equal(found, wanted)
