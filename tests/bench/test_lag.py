"""Live recognition against devices that are slower than the windows come; time is told, not waited for."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from emgdeploy.bench.recognise import Recognised, Recognition, Settings
from emgdeploy.bench.steadiness import Steadiness
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.transfer import Answer
from emgdeploy.signals import Preprocess
from emgdeploy.signals.decisions import Rules
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.sources.played import Played
from emgdeploy.signals.sources.source import Piece, Source
from support.devices.fakes import FakeTime

# A window each 50 ms.
HOW = Preprocess(1000.0, (1, 2), (0, 1), 100.0, 50.0, normalise="global", mean=(1.0,), std=(1.0,))
TENSOR = SimpleNamespace(dtype="int8", scale=0.02, zero_point=0, window_axes=(0, 1, 2))
LOGITS = SimpleNamespace(dtype="int8", scale=0.1, zero_point=0, labels=("a", "b", "c"))
MANIFEST = cast(Manifest, SimpleNamespace(input=TENSOR, output=LOGITS, layers=()))


class SlowDevice:
    """Takes `seconds` over a window; class 1 where its first number is above 0. true_s: what each answer's lag is,
    by the schedule of the recording."""

    def __init__(self, time: FakeTime, seconds: float, rate: float = 1000.0) -> None:
        self._time, self._seconds, self._rate = time, seconds, rate
        self.true_s: list[float] = []

    def connect(self) -> DeviceInfo:
        return cast(DeviceInfo, SimpleNamespace(tick_hz=1000))

    def stream(self, windows: Iterator[tuple[int, bytes]], in_flight: int | None) -> Iterator[Answer]:
        begun = self._time.now
        for index, data in windows:
            self._time.now += self._seconds
            self.true_s.append(self._time.now - begun - (100 + 50 * index) / self._rate)
            first = int(np.frombuffer(data, np.int8)[0])
            logits = np.array([0, first, -128], np.int8).tobytes()
            yield Answer(index, logits, round(self._seconds * 1000), 0, True, self._seconds, True, 0)


def session(
    seconds: float, samples: Single, **settings: Any
) -> tuple[Recognition, list[Recognised], SlowDevice, list[str]]:
    time, said = FakeTime(50.0), list[str]()
    device = SlowDevice(time, seconds)
    source = Played(samples, 1000.0, True, time.clock)
    made = Recognition(MANIFEST, HOW, device, source, Settings(**settings), said.append, time.clock)
    return made, list(made.run()), device, said


def noise(seconds: float, scale: float = 1.0) -> Single:
    return np.random.default_rng(0).normal(0, scale, (int(seconds * 1000), 2)).astype(np.float32)


@pytest.mark.parametrize("device_s", [0.004, 0.045, 0.06, 0.35])
@pytest.mark.parametrize("drop", [True, False])
def test_the_lag_is_that_of_the_samples(device_s: float, drop: bool) -> None:
    made, found, device, said = session(device_s, noise(15), drop_late=drop)
    lags = [window.lag_s for window in found]
    assert np.allclose(lags, device.true_s)
    assert made.counts.windows == 299 == made.counts.dropped + len(found)
    keeps_up = device_s < 0.05
    assert (made.counts.dropped > 0) == (drop and not keeps_up)
    assert any("keep up" in line for line in said) == (drop and not keeps_up)
    assert any("the lag grows" in line for line in said) == (not drop and not keeps_up)
    assert len(said) == (not keeps_up)
    if drop:
        assert max(lags) < 0.15 + 0.05 + device_s
    elif not keeps_up:
        assert max(lags) == pytest.approx(0.1 + 299 * device_s - 15, abs=0.02)


def test_a_source_that_sends_in_pieces_loses_no_window_to_a_quick_device() -> None:
    """Two windows at a time: the first of them is late, but not by more than is allowed."""
    time, said = FakeTime(), list[str]()
    samples = noise(5)

    class Pieces(Source):
        done, skipped, lost = 0, 0, 0

        def take(self, at_least: int) -> Piece | None:
            if not at_least and self.done:
                return Piece(samples[:0], np.zeros(0))
            if self.done == len(samples):
                return None
            first, self.done = self.done, self.done + 100
            time.now = max(time.now, self.done / 1000)
            return Piece(samples[first : self.done], np.arange(first + 1, self.done + 1) / 1000)

        def notes(self) -> list[str]:
            return []

        def close(self) -> None:
            pass

    made = Recognition(MANIFEST, HOW, SlowDevice(time, 0.001), Pieces(), Settings(), said.append, time.clock)
    assert len(list(made.run())) == made.counts.windows == 99 and not said


def test_bad_samples_hold_the_decision_and_then_rest_until_a_whole_window_is_good() -> None:
    samples = noise(3, 2.0)
    samples[1000:1400, 1] = np.nan
    made, found, _, said = session(0.001, samples, rules=Rules(rest="c"))
    by_end = {round(window.end_s * 1000): window for window in found}
    assert [end for end, window in by_end.items() if not window.good] == list(range(1050, 1500, 50))
    held = by_end[1000].decision
    assert all(by_end[end].decision == held and not by_end[end].unsure for end in (1050, 1100, 1150))
    assert all(by_end[end].decision == 2 and by_end[end].unsure for end in range(1200, 1500, 50))
    assert not by_end[1500].unsure and by_end[1500].decision == by_end[1500].voted
    assert made.counts.bad == {1: 400} and len(said) == 1 and "channel 1" in said[0]


@pytest.mark.parametrize(("factor", "words"), [(1.0, None), (1000.0, "about 1,0"), (0.001, "another unit")])
def test_inputs_beyond_the_models_range_are_said_while_it_runs(factor: float, words: str | None) -> None:
    how = Preprocess(
        *(1000.0, (1, 2), (0, 1), 100.0, 50.0), log_epsilon=1e-6, normalise="global", mean=(0.0,), std=(0.1,)
    )
    time, said = FakeTime(), list[str]()
    source = Played(noise(2) * np.float32(factor), 1000.0, True, time.clock)
    device = SlowDevice(time, 0.001)
    made = Recognition(MANIFEST, how, device, source, Settings(), said.append, time.clock)
    seen = [len(said) for _ in made.run()]
    if words is None:
        assert not said and made.counts.clamped_share < 0.03
    else:
        assert len(said) == 1 and words in said[0] and seen[8] == 1 and made.counts.clamped_share > 0.9


def test_silence_is_told_once_until_samples_come_again() -> None:
    time, samples, told = FakeTime(), noise(3), list[float]()

    class Dying(Source):
        """A second of samples, three without any, and another second."""

        done, skipped, lost = 0, 0, 0

        def take(self, at_least: int) -> Piece | None:
            time.now += 0.1
            if 1.0 < time.now < 4.0:
                return Piece(samples[:0], np.zeros(0))
            if time.now > 5.0:
                return None
            first, self.done = self.done, self.done + 100
            return Piece(samples[first : self.done], np.full(100, time.now))

        def notes(self) -> list[str]:
            return []

        def close(self) -> None:
            pass

    made = Recognition(
        *(MANIFEST, HOW, SlowDevice(time, 0.0), Dying(), Settings(drop_late=False)),
        *(lambda said: None, time.clock),
    )
    made.silent = lambda: told.append(time.now)
    assert len(list(made.run())) > 20
    assert len(told) == 1 and 2.0 < told[0] <= 2.3


@pytest.mark.parametrize("cut", [1, 7, 5000])
def test_a_counter_and_a_dead_channel_among_the_electrodes_are_named(cut: int) -> None:
    samples = np.random.default_rng(0).normal(0, 1, (4000, 5)).astype(np.float32)
    samples[:, 1], samples[:, 3], samples[:, 4] = np.arange(4000) * 1e-3, 0.25, 0
    watch = Steadiness((0, 1, -1, 2, 3), 1000.0)
    said = [text for at in range(0, 4000, cut) for text in watch(samples[at : at + cut])]
    assert len(said) == 2 and said[0].startswith("channel 1: only ever rises")
    assert said[1].startswith("channel 3: gave the same number for 2 s")
    samples[1500:, 3] = 0.5
    samples[1500, 1] = 0
    watch = Steadiness((0, 1, -1, 2, 3), 1000.0)
    assert not [text for at in range(0, 4000, cut) for text in watch(samples[at : at + cut])]
