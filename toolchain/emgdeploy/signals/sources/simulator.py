"""The simulator as a live source: an arm that does what it is asked to, or one gesture after the other."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from emgdeploy.signals.contacts import Noise
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.forearm import contraction
from emgdeploy.signals.simulated import LABELS, RAMP_S, Simulation, excitations, sitting
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.feed import About, Chunk, Feed
from emgdeploy.signals.sources.source import Clock

FORM = "simulated:ROWSxCOLUMNS?rate=2000"
HELP = "the simulator, an 8x24 array at 2000 Hz without; it does what `record` asks for"
OPTIONS: Mapping[str, str] = {
    "rate": "from 200 to 20000 Hz, 2000 without",
    "seconds": "that a gesture is held where nobody asks for one, 2 without",
    "seed": "the same seed, the same samples",
}

_PIECE_S = 0.02
REST = "no movement"


class SimulatorFeed(Feed):
    """Endless. Paced by `clock`, whose sleeping it waits with."""

    def __init__(self, simulation: Simulation, clock: Clock) -> None:
        rate = simulation.sample_rate_hz
        electrodes = simulation.grid[0] * simulation.grid[1]
        self.about = About("the simulator", electrodes, rate, 1.0)
        self._simulation, self._rate, self._clock = simulation, rate, clock
        self._arm, self._contacts = sitting(simulation, 1, 1)
        self._noise = Noise(self._contacts, rate, np.random.default_rng([simulation.seed, 13]))
        self._asked: int | None = None
        self._made = 0
        self._ahead: Single = np.zeros((0, electrodes), np.float32)
        self._begun: float | None = None
        self._done = 0
        self._closed = False

    def asked(self, gesture: str) -> None:
        """Hold that gesture from now on; rest, where the simulator does not know it."""
        self._asked = LABELS.index(gesture if gesture in LABELS else REST)
        self._ahead = self._ahead[:0]

    def read(self) -> Chunk | None:
        """See `Feed`."""
        if self._begun is None:
            self._begun = self._clock.now()
        while not self._closed:
            now = self._clock.now()
            count = int((now - self._begun) * self._rate) - self._done
            if count > 0:
                index = np.arange(self._done, self._done + count)
                self._done += count
                return Chunk(self._next(count), now, self._begun + (index + 1) / self._rate)
            self._clock.sleep(_PIECE_S)
        return None

    def close(self) -> None:
        """See `Feed`."""
        self._closed = True

    def _next(self, count: int) -> Single:
        while len(self._ahead) < count:
            self._ahead = np.concatenate([self._ahead, self._held()])
        found, self._ahead = self._ahead[:count], self._ahead[count:]
        return found

    def _held(self) -> Single:
        """The next seconds of a gesture: no two are the same."""
        label = self._made % len(LABELS) if self._asked is None else self._asked
        rng = np.random.default_rng([self._simulation.seed, 12, self._made])
        self._made += 1
        ramp, held = round(RAMP_S * self._rate), round(self._simulation.seconds * self._rate)
        effort = excitations(label, np.arange(ramp + held) / self._rate, rng)
        muscles = contraction(self._arm, effort, rng)[ramp:]
        return np.asarray(muscles * self._contacts.gain + self._noise.next(held), np.float32)


def open_feed(address: Address, wanted: Wanted) -> SimulatorFeed:
    """See `kinds.Kind`."""
    shape = re.fullmatch(r"(\d{1,3})x(\d{1,3})", address.where or "8x24")
    if shape is None:
        raise address.wrong("the array", "ROWSxCOLUMNS, such as simulated:4x8")
    simulation = Simulation(
        *(1, 1, 1, float(address.number("seconds", 2, 1, 60))),
        (int(shape[1]), int(shape[2])),
        float(address.number("rate", 2000, 200, 20_000)),
        address.number("seed", 1, 0, 2**31),
    )
    return SimulatorFeed(simulation, wanted.clock)
