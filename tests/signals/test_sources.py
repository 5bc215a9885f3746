"""When samples were due: recordings in their own time, and sources that say nothing of it."""

from __future__ import annotations

import queue

import numpy as np
import pytest

from emgdeploy.signals.arrival import ArrivalClock
from emgdeploy.signals.lines import LineParser
from emgdeploy.signals.sources.live import Live
from emgdeploy.signals.sources.played import Played
from emgdeploy.signals.sources.text import TextFeed
from support.devices.fakes import FakeTime


@pytest.mark.parametrize("rate", [1000.0, 500.0, 1010.0, 1600.0])
@pytest.mark.parametrize("piece", [1, 10, 200])
def test_arrivals_tell_when_samples_were_due(rate: float, piece: int) -> None:
    """A source declared with 1,000 Hz: pieces, one every two seconds late by up to 0.3 s, a stall of 2 s that it makes up for."""
    clock, rng = ArrivalClock(1000.0), np.random.default_rng(piece)
    errors, stall, arrived = [], (8.0, 10.0), 0.0
    for last in range(piece, int(25 * rate), piece):
        true = last / rate
        late = rng.uniform(0, 0.3) if rng.random() < piece / rate / 2 else 0.001
        at = max(true + late, arrived, stall[1] if stall[0] < true < stall[1] else 0.0)
        arrived = at
        due = clock.arrived(piece, at)
        if true > 4:
            errors.append(abs(due[-1] - true))
    assert np.percentile(errors, 95) < 0.02 and max(errors) < 0.15
    measured = clock.measured_hz()
    assert measured is not None and abs(measured / rate - 1) < 0.02


def test_a_recording_is_played_in_its_own_time() -> None:
    time = FakeTime(100.0)
    source = Played(np.arange(30, dtype=np.float32)[:, None], 10.0, True, time.clock)
    first = source.take(5)
    assert first is not None and first.samples[:, 0].tolist() == [0, 1, 2, 3, 4] and time.now == 100.5
    assert np.allclose(first.due, 100 + np.arange(1, 6) / 10)
    assert len(source.take(0) or ()) == 0
    time.now += 1.0  # the device was slow: all that is due by now
    assert len(source.take(0) or ()) == 10 and len(source.take(99) or ()) == 15 and source.take(1) is None


def test_lines_are_taken_as_they_arrive() -> None:
    time, data = FakeTime(7.0), queue.Queue[bytes]()
    feed = TextFeed(data.get, LineParser("here", 2, 2, 10), time.clock)
    source = Live(feed, 10.0, 0.5, time.clock)
    for part in (b"2,4\n6,8\n1", b",3"):
        data.put(part)
    first = source.take(2)
    assert first is not None and first.samples.tolist() == [[1, 2], [3, 4]]
    assert first.due[1] - first.due[0] == pytest.approx(0.1) and first.due[1] == 7.0
    data.put(b"")
    last = source.take(5)
    assert last is not None and last.samples.tolist() == [[0.5, 1.5]] and source.take(1) is None
