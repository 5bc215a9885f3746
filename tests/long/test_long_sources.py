"""Live sources by their real libraries for a minute: nothing lost, and the lag stated."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emgdeploy.signals import Preprocess
from emgdeploy.signals.sources import lsl
from support.commands.command import Cli

pytestmark = pytest.mark.long

SECONDS, RATE, CHANNELS = 60, 2048, 64


def dense_build(cli: Cli, folder: Path, channels: int, rate: int) -> Path:
    """A dense network on a native board: 100 ms of RMS each 25 ms."""
    from support.models.tflite_writer import ModelWriter, options

    rows = 8 if channels == CHANNELS else 2
    shape = (1, 1, rows, channels // rows)
    model = ModelWriter()
    x = model.tensor(shape, scale=0.02, zero_point=-3, name="window")
    dense = np.random.default_rng(0).integers(-127, 128, (5, channels), dtype=np.int8)
    weights = model.tensor(dense.shape, scale=0.01, data=dense)
    bias = model.tensor((5,), "int32", scale=0.0002, data=np.zeros(5, np.int32))
    y = model.tensor((1, 5), scale=0.05, zero_point=0, name="logits")
    chosen = options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False)
    model.op("FULLY_CONNECTED", [x, weights, bias], y, chosen)
    (folder / "model.tflite").write_bytes(model.finish([x], [y]))
    (folder / "how.toml").write_text(
        f"sample_rate_hz = {rate}\ngrid = [{rows}, {channels // rows}]\nwindow_ms = 100.0\nstride_ms = 25.0\n"
    )
    given = ("--model", folder / "model.tflite", "--preprocess", folder / "how.toml")
    cli("build", "--board", "native", *given, "--out", folder / "build").succeeds()
    return folder / "build"


@contextmanager
def started(build: Path, source: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A session that writes to `out` and `err` in that folder, and its samples to day.npz."""
    command = [sys.executable, "-m", "emgdeploy", "run", "--build", str(build), "--source", source]
    command += ["--record", str(folder / "day.npz"), "--json", "--every", "--late", "keep"]
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def shown(name: str, out: str, err: str) -> dict[str, Any]:
    """The summary, and the figures as a line."""
    end: dict[str, Any] = json.loads(out.splitlines()[-1])
    lag = end["lag_s"]
    print(
        f"{name}: {end['windows']:,} windows, {end['dropped']} dropped, {end['lost_samples']} samples lost; "
        f"lag {lag['p50'] * 1e3:.1f} ms median, {lag['p99'] * 1e3:.1f} ms p99, {lag['max'] * 1e3:.1f} ms largest"
    )
    assert end["dropped"] == end["lost_samples"] == 0, err
    assert end["bad_samples"] == {} and end["skipped_lines"] == 0
    return end


def test_the_lab_streaming_layer_at_full_rate(cli: Cli, tmp_path: Path) -> None:
    build = dense_build(cli, tmp_path, CHANNELS, RATE)
    pylsl = lsl.load()
    info = pylsl.StreamInfo("a long one", "EMG", CHANNELS, RATE, "float32", "a long one")
    outlet = pylsl.StreamOutlet(info, chunk_size=32)
    sent = np.random.default_rng(1).normal(0, 0.5, (SECONDS * RATE, CHANNELS)).astype(np.float32)
    sent[:, 0] = np.arange(len(sent)) % 4096 * 1e-3  # so that a gap or a swap is seen
    with started(build, "lsl:a long one", tmp_path) as process:
        assert outlet.wait_for_consumers(30)
        time.sleep(1)  # until it takes samples
        begun, done = time.monotonic(), 0
        while done < len(sent):
            count = min(int((time.monotonic() - begun) * RATE), len(sent)) - done
            if count >= 32 or (count and done + count == len(sent)):
                outlet.push_chunk(sent[done : done + count])
                done += count
            time.sleep(0.004)
        time.sleep(2)  # until the last ones are taken
        del outlet
        status = process.wait(30)
    out, err = ((tmp_path / name).read_text() for name in ("out", "err"))
    assert status == 0, err
    end = shown("LSL, 64 channels at 2,048 Hz, 60 s", out, err)
    with np.load(tmp_path / "day.npz") as file:
        assert np.array_equal(file["x"], sent)
    how = Preprocess(float(RATE), (8, 8), tuple(range(CHANNELS)), 100.0, 25.0)
    assert end["answered"] == end["windows"] == len(how.starts(len(sent)))
    assert end["lag_s"]["p50"] < 0.1


def test_brainflow_for_a_minute(cli: Cli, tmp_path: Path) -> None:
    build = dense_build(cli, tmp_path, 16, 250)
    command = [
        sys.executable,
        "-m",
        "emgdeploy",
        "run",
        "--build",
        str(build),
        "--source",
        "brainflow:synthetic",
    ]
    command += ["--limit", str((SECONDS * 1000 - 100) // 24), "--json", "--every", "--late", "keep"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    end = shown("BrainFlow's synthetic board, 16 channels at 250 Hz, 60 s", done.stdout, done.stderr)
    assert end["lag_s"]["p50"] < 0.1
