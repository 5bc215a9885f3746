"""`build --live`: the firmware samples, recognises and decides by itself, as the host does."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emgdeploy.bench.livecheck import Played, wrong_windows
from emgdeploy.boards import load_board
from emgdeploy.emulate.running import start
from emgdeploy.firmware import manifest as manifests
from emgdeploy.link import wire
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.live import Event, LiveLink, Origin, Report
from emgdeploy.link.options import EMULATED
from support.commands.command import Cli

CHANNELS, WINDOW, STRIDE = 24, 20, 10
HOW = f"""sample_rate_hz = 1000.0
grid = [4, 6]
window_ms = {WINDOW}.0
stride_ms = {STRIDE}.0
bandpass_hz = [20.0, 400.0]
range_mv = [-8.0, 8.0]
"""
_TICK = 40  # instructions in a step of the emulated clock
BOARDS = ("native", "qemu-mps2-an386")


def noise(samples: int, seed: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 1, (samples, CHANNELS)).astype(np.float32)


@pytest.fixture(scope="module")
def builds(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from support.models.tflite_writer import ModelWriter, options

    folder = tmp_path_factory.mktemp("live")
    model = ModelWriter()
    x = model.tensor((1, 1, 4, 6), scale=0.02, zero_point=-3, name="window")
    dense = np.random.default_rng(0).integers(-127, 128, (3, CHANNELS), dtype=np.int8)
    weights = model.tensor(dense.shape, scale=0.01, data=dense)
    bias = model.tensor((3,), "int32", scale=0.0002, data=np.zeros(3, np.int32))
    y = model.tensor((1, 3), scale=0.05, zero_point=0, name="logits")
    chosen = options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False)
    model.op("FULLY_CONNECTED", [x, weights, bias], y, chosen)
    (folder / "model.tflite").write_bytes(model.finish([x], [y]))
    (folder / "how.toml").write_text(HOW)
    (folder / "labels.txt").write_text("rest\nfist\nopen\n")
    np.save(folder / "samples.npy", noise(500))
    given: tuple[object, ...] = ("--model", folder / "model.tflite", "--preprocess", folder / "how.toml")
    given += ("--labels", folder / "labels.txt", "--decisions", "vote=3,confidence=0.4,velocity_mv=[0,2]")
    for board in BOARDS:
        live = ("--live", "--live-recording", folder / "samples.npy")
        cli("build", "--board", board, *given, *live, "--out", folder / board).succeeds()
    return {board: folder / board for board in BOARDS}


@pytest.mark.parametrize("board", BOARDS)
def test_a_sampling_clock_loses_nothing_and_decides_as_the_host(
    cli: Cli, builds: dict[str, Path], board: str
) -> None:
    seconds = 2 if board == "native" else 10  # a native process takes them in real time
    done = cli("bench", "--build", builds[board], "--live", "--seconds", seconds, "--json")
    done.succeeds()
    found = json.loads(done.out)
    assert found["equal"] and not any(found["wrong"].values())
    assert (found["samples"], found["lost"], found["overruns"]) == (1000 * seconds, 0, 0)
    assert found["windows"] == 100 * seconds - 1 == found["answered"] + found["stale"]
    assert found["events_lost"] == 0
    if board != "native":  # a process on a busy machine may be late, an emulated core of its own time may not
        assert (found["stale"], found["late"]) == (0, 0)
        assert 0 < found["latency_s"]["p99"] < 0.001 and "156 MHz" in found["time"]


def test_an_overloaded_core_leaves_windows_out_and_never_decides_wrong(
    cli: Cli, builds: dict[str, Path]
) -> None:
    """At 1 MHz not even the filters keep up."""
    done = cli(
        *("bench", "--build", builds[BOARDS[1]], "--live", "--seconds", "1", "--clock-mhz", "1", "--json")
    )
    found = json.loads(done.out)
    assert done.status == 1 and "found no room" in done.err
    assert found["equal"] and found["samples"] == 1000 and found["lost"] == found["overruns"] > 0
    assert found["windows"] == 99 and found["events"] == found["answered"] > 0
    assert found["stale"] + found["answered"] == 99 and found["events_lost"] == 0


def test_the_same_image_answers_the_bench_in_exactly_the_time_expected(
    cli: Cli, builds: dict[str, Path]
) -> None:
    done = cli("bench", "--build", builds[BOARDS[1]], "--json", "--limit", "4")
    done.succeeds()
    found = json.loads(done.out)
    assert (
        found["correct_bits"] == 4 and abs(found["timing"]["measured"] - found["timing"]["expected"]) < _TICK
    )


@contextmanager
def listening(folder: Path) -> Iterator[tuple[LiveLink, list[Event]]]:
    made, events = manifests.load(folder), list[Event]()
    with start(made, folder, load_board(made.board)) as running:
        client = DeviceClient(running.port, EMULATED)
        client.connect()
        yield client.live(events.append), events


def sent(link: LiveLink, samples: NDArray[np.float32], spans: list[tuple[int, int]]) -> Report:
    """The samples of the spans; what lies between them never comes."""
    link.start(Origin.WIRE, limit=len(samples), every=True, checksums=True)
    at = 0
    for begin, end in spans:
        link.skip(begin - at)
        link.send(samples[begin:end])
        at = end
    return _ended(link)


def _ended(link: LiveLink) -> Report:
    report = link.report()
    while report.state == 1:
        link.wait(0.05)
        report = link.report()
    return report


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1000), bad=st.sampled_from([0.0, 0.001, 0.3]), gaps=st.integers(0, 3))
def test_lost_and_impossible_samples_decide_as_on_the_host(
    builds: dict[str, Path], seed: int, bad: float, gaps: int
) -> None:
    rng, folder = np.random.default_rng(seed), builds["native"]
    samples = noise(600, seed)
    bits = rng.integers(0, 1 << 32, samples.shape, dtype=np.uint32).view(np.float32)
    samples = np.where(rng.random(samples.shape) < bad, bits, samples)
    cuts = [0, *sorted(rng.choice(np.arange(10, 590), 2 * gaps, replace=False).tolist()), 600]
    spans = list(zip(cuts[::2], cuts[1::2], strict=True))
    with listening(folder) as (link, events):
        report = sent(link, samples, spans)
    wanted = np.full_like(samples, np.nan)
    for begin, end in spans:
        wanted[begin:end] = samples[begin:end]
    played = Played(Origin.WIRE, wanted, len(wanted))
    heard = {event.end: event for event in events if not event.silent and not event.lost}
    assert len(heard) == report.answered == report.windows == (600 - WINDOW) // STRIDE + 1
    assert not any(wrong_windows(folder, manifests.load(folder), played, heard).values())
    assert report.lost == 600 - sum(end - begin for begin, end in spans) and report.samples == 600


def test_a_source_that_dies_ends_in_rest_and_a_repeat_does_no_harm(builds: dict[str, Path]) -> None:
    with listening(builds["native"]) as (link, events):
        link.start(Origin.WIRE, every=True)
        link.send(noise(100))
        link._request(wire.SAMPLES, struct.pack("<IHBB", 50, 2, 0, 0) + noise(2).tobytes())
        link.wait(0.02)
        for _ in range(40):
            link.wait(0.02)
            if events and events[-1].silent:
                break
        report = link.report()
    last = events[-1]
    assert last.silent and last.unsure and last.gesture == 0 and report.silences == 1
    assert report.samples == 100 and report.repeated == 2 * CHANNELS
    assert [event.end for event in events[:-1]] == list(range(WINDOW, 101, STRIDE))


def test_what_live_needs_is_said(cli: Cli, builds: dict[str, Path], tmp_path: Path) -> None:
    model = builds["native"].parent / "model.tflite"
    done = cli("build", "--board", "native", "--model", model, "--live", "--out", tmp_path / "b")
    assert done.status == 3 and "--preprocess" in done.err
    done = cli("build", "--board", "nucleo-l4r5zi", "--model", model, "--live", "--out", tmp_path / "b")
    assert done.status == 2 and "no source of samples" in done.err
    how = builds["native"].parent / "how.toml"
    cli(
        "build", "--board", "native", "--model", model, "--preprocess", how, "--out", tmp_path / "p"
    ).succeeds()
    done = cli("bench", "--build", tmp_path / "p", "--live")
    assert done.status == 2 and "build with --live" in done.err
