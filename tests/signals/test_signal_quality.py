"""What keeps an electrode from being one is seen, and what real arrays do is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from emgdeploy.signals import corruptions as disturb
from emgdeploy.signals import datasets, simulated
from emgdeploy.signals.quality.judge import judge
from emgdeploy.signals.quality.picture import svg_of, text_of
from emgdeploy.signals.recordings import Dataset, Recording
from emgdeploy.signals.simulated import Simulation

RATE, ROWS, COLUMNS = 1000.0, 2, 4


@pytest.fixture(scope="module")
def clean() -> Dataset:
    """Rest and two gestures, four times each: noise of 20 to 450 Hz, neighbours alike, a little hum, an offset."""
    rng, recordings = np.random.default_rng(5), []
    for trial in range(12):
        label, common = trial % 3, rng.normal(size=(1500, 1))
        level = 0.005 if label == 0 else 0.05 + 0.1 * np.arange(8) / 8 * label
        signal = (0.95 * common + 0.3 * rng.normal(size=(1500, 8))) * level
        hum = 0.002 * np.sin(2 * np.pi * 50 * np.arange(1500) / RATE)[:, None]
        samples = (signal + hum + np.linspace(-5, 5, 8)).astype(np.float32)
        recordings.append(Recording(samples, np.full(1500, label), 1, 1, trial))
    return Dataset("toy", tuple(recordings), ("Rest", "fist", "open"), RATE, (ROWS, COLUMNS), tuple(range(8)))


Change = Callable[[np.ndarray, int], np.ndarray]


def changed(dataset: Dataset, change: Change) -> Dataset:
    """`change` gets samples (S, 8) and the number of the recording."""
    made = [
        replace(r, samples=change(r.samples.copy(), number).astype(np.float32))
        for number, r in enumerate(dataset.recordings)
    ]
    return replace(dataset, recordings=tuple(made))


def on_three(change: Change) -> Change:
    def only(x: np.ndarray, number: int) -> np.ndarray:
        x[:, 3:4] = change(x[:, 3:4], number)
        return x

    return only


NOISE = np.random.default_rng(6).normal(size=(1500, 1))
TIME = np.arange(1500)[:, None] / RATE
CHANNEL = {
    "dead": (lambda x, n: x * 0, "constant"),
    "stuck at a rail": (lambda x, n: x * 0 + 187.5, "constant"),
    "unplugged half of the time": (lambda x, n: x * (n % 2), "constant"),
    "clipped": (lambda x, n: np.clip(x - x.mean(), -0.05, 0.05), "clipped"),
    "clipped above only": (lambda x, n: np.minimum(x - x.mean(), 0.05), "clipped"),
    "open, with hum": (lambda x, n: x + 2 * np.sin(2 * np.pi * 50 * TIME), "hum"),
    "open, with harmonics of 60 Hz": (
        lambda x, n: x + sum(np.sin(2 * np.pi * 60 * k * TIME) for k in (1, 2, 3)),
        "hum",
    ),
    "the amplifier's noise alone": (lambda x, n: 0.001 * NOISE, "silent"),
    "a noise of its own": (lambda x, n: 0.05 * np.roll(NOISE, 97 * n), "apart"),
    "far too strong": (lambda x, n: x * 100, "loud"),
    "coming off over the day": (lambda x, n: x * np.linspace(1, 0.3, 12)[n], "drift"),
}


@pytest.mark.parametrize(("change", "kind"), CHANNEL.values(), ids=CHANNEL.keys())
def test_a_broken_electrode_is_found_and_no_other(clean: Dataset, change: Change, kind: str) -> None:
    found = judge(changed(clean, on_three(change)))
    assert found.fails and not [f for f in found.findings if f.severity == "fail"]
    assert {c.column for c in found.channels if c.severity == "fail"} == {3}
    assert kind in {f.kind for f in found.channels[3].findings}


def test_a_bridge_is_found_at_both_ends(clean: Dataset) -> None:
    def bridged(x: np.ndarray, _number: int) -> np.ndarray:
        x[:, 6] = x[:, 5]
        return x

    found = judge(changed(clean, bridged))
    assert [c.column for c in found.channels if {f.kind for f in c.findings} == {"twin"}] == [5, 6]


UNITS = {
    "microvolts": (lambda x, n: x * 1000, "unit", True),
    "counts": (lambda x, n: np.round((x - x.mean(axis=0)) / 0.000195), "unit", True),
    "volts": (lambda x, n: x / 1000, "unit", True),
    "an offset": (lambda x, n: x + 187.5, "offset", False),
    "hum everywhere": (lambda x, n: x + 0.12 * np.sin(2 * np.pi * 60 * TIME), "hum", False),
    "labels elsewhere": (lambda x, n: (x - x.mean(axis=0)) / x.std(axis=0) * 0.1, "snr", False),
}


@pytest.mark.parametrize(("change", "kind", "fails"), UNITS.values(), ids=UNITS.keys())
def test_what_is_wrong_with_all_is_said_of_all(
    clean: Dataset, change: Change, kind: str, fails: bool
) -> None:
    found = judge(changed(clean, change))
    assert kind in {f.kind for f in found.findings} and found.fails == fails
    assert not [c for c in found.channels if c.findings]
    counts = judge(changed(replace(clean, unit="counts"), change))
    assert not {"unit", "offset"} & {f.kind for f in counts.findings}


def test_a_drift_of_all_is_found_and_another_session_noted(clean: Dataset) -> None:
    faded = judge(changed(clean, lambda x, n: x * np.linspace(1, 3.5, 12)[n]))
    assert faded.fails and all({f.kind for f in c.findings} == {"drift"} for c in faded.channels)
    other = changed(clean, lambda x, n: x * np.array([2, 1, 1, 1, 1, 1, 1, 1]))
    second = tuple(replace(r, session=2) for r in other.recordings)
    both = judge(replace(clean, recordings=clean.recordings + second))
    assert not both.fails and "at 1 of 8 electrodes (at most 2.0 times stronger)" in both.notes[0]


def quiet(dataset: Dataset) -> bool:
    found = judge(dataset)
    return not found.findings and not any(channel.findings for channel in found.channels)


def test_a_clean_signal_and_the_simulator_give_no_alarm(clean: Dataset) -> None:
    assert quiet(clean) and not judge(clean).notes
    made = simulated.dataset(Simulation(1, 1, 4, 1.0, (4, 8)))
    assert quiet(made)
    lost = judge(disturb.parse(["lost:3"])[0].of(made, 1))
    assert sum(channel.severity == "fail" for channel in lost.channels) == 3


@pytest.mark.parametrize(
    ("name", "folder", "sessions"), [("flexemg", "flexemg", (3,)), ("ninapro-db5", "ninapro_db5", None)]
)
def test_real_recordings_give_no_alarm(
    name: str, folder: str, sessions: tuple[int, ...] | None, shared: Path
) -> None:
    assert quiet(datasets.load(name, shared / "data" / folder, None, sessions))


def test_short_and_coarse_recordings_are_no_fault(clean: Dataset) -> None:
    short = replace(
        clean,
        recordings=tuple(replace(r, samples=r.samples[:60], labels=r.labels[:60]) for r in clean.recordings),
    )
    assert not judge(short).fails
    coarse = changed(replace(clean, unit="counts"), lambda x, n: np.round((x - x.mean(axis=0)) * 40))
    assert not [f for c in judge(coarse).channels for f in c.findings if f.kind == "clipped"]
    alone = replace(
        clean,
        recordings=(
            replace(
                clean.recordings[1],
                samples=clean.recordings[1].samples[:1],
                labels=clean.recordings[1].labels[:1],
            ),
        ),
    )
    assert len(judge(alone).channels) == 8


def test_the_picture_shows_the_array(clean: Dataset) -> None:
    holed = replace(
        changed(clean, on_three(lambda x, n: x * 0)),
        electrodes=(0, 1, 2, 3, 4, 5, 6, -1),
        columns=tuple("ab<defgh"),
    )
    found = judge(holed)
    lines = text_of(found)
    assert len(lines) == ROWS and lines[0].count("x") == 1 and "x" not in lines[1]
    svg = svg_of(found, 'a "title" & <b>')
    root = ElementTree.fromstring(svg)
    titles = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 7 and "does not change" in titles[3] and "column 2 (<)" in titles[2]
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
