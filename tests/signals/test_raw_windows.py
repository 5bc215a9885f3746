"""Windows of samples as they are, of any data set, and steps that a file leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.errors import InputError
from emgdeploy.nets import registry
from emgdeploy.signals import datasets, simulated
from emgdeploy.signals.preprocess import Preprocess, load_preprocess
from emgdeploy.signals.recordings import Dataset, Recording
from emgdeploy.signals.simulated import Simulation


def toy(name: str, rate: float) -> Dataset:
    recording = Recording(np.zeros((10, 8), np.float32), np.zeros(10, np.int64), 1, 1, 1)
    return Dataset(name, (recording,), ("a", "b"), rate, (1, 8), tuple(range(8)))


SETS = [
    toy("files", 200.0), toy("files", 2048.0), toy("flexemg", 1000.0), toy("csl", 2048.0), toy("ice", 2560.0),
    toy("ninapro-db5", 200.0), simulated.dataset(Simulation(1, 1, 1, 0.1, (1, 8))),
]  # fmt: skip


@pytest.mark.parametrize("dataset", SETS, ids=lambda d: f"{d.name}-{d.sample_rate_hz:g}")
@pytest.mark.parametrize("network", registry.RAW_LAYOUTS)
def test_every_raw_network_takes_every_data_set(dataset: Dataset, network: str) -> None:
    how = datasets.raw_preprocess(dataset, registry.RAW_LAYOUTS[network])
    assert how.image == "stacked" and how.log_epsilon is None and how.frames == how.window_samples
    built = registry.new(network, how.input_shape, 3, 0.2)
    assert tuple(built.input_shape) == how.input_shape  # type: ignore[arg-type]
    assert registry.unsuited(network, how.image, how.input_shape) is None


def test_a_network_for_samples_is_not_given_one_row_of_rms_without_a_word() -> None:
    assert "bandnet-small was made for samples" in str(registry.unsuited("bandnet-small", "rms", (1, 8, 1)))
    assert registry.unsuited("mobilenetv2", "rms", (1, 1, 8)) is None
    assert "made for images" in str(registry.unsuited("mobilenetv2", "stacked", (1, 256, 1)))


def read(folder: Path, text: str, base: Preprocess) -> Preprocess:
    (folder / "p.toml").write_text(text)
    return load_preprocess(folder / "p.toml", base)


def test_steps_can_be_left_out_and_fields_follow(tmp_path: Path) -> None:
    base = datasets.default_preprocess(toy("files", 2048.0))
    assert base.log_epsilon is not None and base.bandpass_hz is not None
    for off in ("false", '"none"'):
        plain = read(tmp_path, f"log_epsilon = {off}\nbandpass_hz = {off}", base)
        assert plain.log_epsilon is None and plain.bandpass_hz is None and plain.image == "rms"
    with pytest.raises(InputError, match="log_epsilon must be"):
        read(tmp_path, "log_epsilon = true", base)
    raw = read(tmp_path, 'image = "stacked"\nlayout = "raster"\nwindow_ms = 50', base)
    assert raw.frames == raw.window_samples == 102 and raw.log_epsilon is None
    back = read(tmp_path, 'image = "rms"', raw)
    assert (back.frames, back.layout) == (1, "channels")
    assert read(tmp_path, "window_ms = 100", raw).frames == 205
