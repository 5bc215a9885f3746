"""What goes wrong between skin and amplifier, done to recordings: pure functions of samples.

Each takes samples (S, channels) in mV, the electrode array, a level and a generator, and gives new samples. The
level's unit is the function's own. A window's preprocessing runs after them, as it would on a disturbed arm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import UsageError
from emgdeploy.signals.recordings import Dataset, Recording

POWER_LINE_HZ = 50.0
_BREAK_S = 0.2
_DECAY_S = 0.05
_ARTEFACT_HEIGHT = 10.0

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Array:
    """Where the electrodes are: the raw channel of each grid position, row by row (-1: none)."""

    grid: tuple[int, int]
    electrodes: tuple[int, ...]
    sample_rate_hz: float

    @property
    def channels(self) -> NDArray[np.int64]:
        """The channels that have an electrode."""
        return np.array(sorted({channel for channel in self.electrodes if channel >= 0}), np.int64)


Function = Callable[[Samples, Array, float, np.random.Generator], Samples]


def lost(samples: Samples, array: Array, level: float, rng: np.random.Generator) -> Samples:
    """`level` electrodes have come off and give nothing."""
    changed = samples.copy()
    changed[:, _some(array, level, rng)] = 0.0
    return changed


def loose(samples: Samples, array: Array, level: float, rng: np.random.Generator) -> Samples:
    """`level` electrodes lose contact again and again, half of the time."""
    changed = samples.copy()
    stretch = max(1, round(_BREAK_S * array.sample_rate_hz))
    chosen = _some(array, level, rng)
    broken = rng.random((-(-len(samples) // stretch), len(chosen))) < 0.5
    kept = ~np.repeat(broken, stretch, axis=0)[: len(samples)]
    changed[:, chosen] *= kept
    return changed


def artefacts(samples: Samples, array: Array, level: float, rng: np.random.Generator) -> Samples:
    """`level` times a second an electrode is touched: a step of ten times its signal that dies away."""
    count = int(rng.poisson(level * len(samples) / array.sample_rate_hz))
    changed = samples.copy()
    height = _ARTEFACT_HEIGHT * _spread(samples)
    for start, channel in zip(
        rng.integers(0, len(samples), count), rng.choice(array.channels, count), strict=True
    ):
        time = np.arange(len(samples) - start) / array.sample_rate_hz
        step = rng.choice((-1.0, 1.0)) * height[channel] * np.exp(-time / _DECAY_S)
        changed[start:, channel] += step.astype(np.float32)
    return changed


def shift(samples: Samples, array: Array, level: float, _rng: np.random.Generator) -> Samples:
    """The array has slipped by `level` rows; the last row repeats where it has left the recorded skin."""
    rows = np.clip(np.arange(array.grid[0]) + round(level), 0, array.grid[0] - 1)
    return _moved(samples, array, np.reshape(array.electrodes, array.grid)[rows])


def rotation(samples: Samples, array: Array, level: float, _rng: np.random.Generator) -> Samples:
    """The array has turned around the arm by `level` columns."""
    return _moved(samples, array, np.roll(np.reshape(array.electrodes, array.grid), round(level), axis=1))


def gain(samples: Samples, array: Array, level: float, rng: np.random.Generator) -> Samples:
    """Contacts drift: each electrode's gain goes from one factor exp(N(0, level)) to another."""
    start, end = np.exp(rng.normal(0.0, level, (2, samples.shape[1])))
    way = np.linspace(0.0, 1.0, len(samples))[:, None]
    changed: Samples = (samples * (start + (end - start) * way)).astype(np.float32)
    return changed


def powerline(samples: Samples, array: Array, level: float, rng: np.random.Generator) -> Samples:
    """50 Hz on every electrode, `level` times as strong as its signal."""
    time = np.arange(len(samples))[:, None] / array.sample_rate_hz
    phase = rng.uniform(0, 2 * np.pi, samples.shape[1])
    line = np.sqrt(2.0) * level * _spread(samples) * np.sin(2 * np.pi * POWER_LINE_HZ * time + phase)
    changed: Samples = (samples + line).astype(np.float32)
    return changed


@dataclass(frozen=True)
class _Kind:
    """share: the level is a share of all electrodes, unless given as a number of them."""

    function: Function
    level: float
    share: bool = False


KINDS = {
    "lost": _Kind(lost, 0.25, share=True),
    "loose": _Kind(loose, 0.25, share=True),
    "artefacts": _Kind(artefacts, 2.0),
    "shift": _Kind(shift, 1.0),
    "rotation": _Kind(rotation, 1.0),
    "gain": _Kind(gain, 0.5),
    "powerline": _Kind(powerline, 1.0),
}
ALL = "all"


@dataclass(frozen=True)
class Disturbance:
    """A kind and how much of it; level None takes the usual one."""

    name: str
    level: float | None = None

    def of(self, dataset: Dataset, seed: int) -> Dataset:
        """The data set so disturbed. Which electrodes are hit is drawn once for each session."""
        array = Array(dataset.grid, dataset.electrodes, dataset.sample_rate_hz)
        changed = tuple(self.of_recording(recording, array, seed) for recording in dataset.recordings)
        return replace(dataset, recordings=changed)

    def of_recording(self, recording: Recording, array: Array, seed: int) -> Recording:
        """One recording so disturbed."""
        kind = KINDS[self.name]
        usual = kind.level * len(array.channels) if kind.share else kind.level
        level = usual if self.level is None else self.level
        place = [seed, 8, recording.subject, recording.session]
        # Touches come when they come; an electrode that is off stays off all session.
        if self.name == "artefacts":
            place.append(recording.trial)
        samples = kind.function(recording.samples, array, level, np.random.default_rng(place))
        return replace(recording, samples=samples)

    def __str__(self) -> str:
        return self.name if self.level is None else f"{self.name}:{self.level:g}"


def parse(texts: Sequence[str]) -> tuple[Disturbance, ...]:
    """`lost`, `lost:16`, ... or `all`. Raises UsageError for another name or a level that is no number."""
    if list(texts) == [ALL]:
        return tuple(Disturbance(name) for name in KINDS)
    found = []
    for text in texts:
        name, _, number = text.partition(":")
        try:
            level = float(number) if number else None
        except ValueError:
            level = np.nan
        if name not in KINDS or (level is not None and not 0 <= level < 1e6):
            raise UsageError(
                f"there is no disturbance {text!r}",
                f"disturbances are: {', '.join(KINDS)}, each with :LEVEL where wanted, or {ALL}",
            )
        found.append(Disturbance(name, level))
    return tuple(found)


def copies(dataset: Dataset, count: int, seed: int) -> tuple[Recording, ...]:
    """`count` copies of each recording, each with a disturbance of a drawn kind and level."""
    array = Array(dataset.grid, dataset.electrodes, dataset.sample_rate_hz)
    names = [name for name in KINDS if name != "lost"]
    made = []
    for number in range(count):
        for index, recording in enumerate(dataset.recordings):
            rng = np.random.default_rng([seed, 9, number, index])
            kind = KINDS[name := str(rng.choice(names))]
            usual = kind.level * len(array.channels) if kind.share else kind.level
            level = rng.choice((-1.0, 1.0)) if name in ("shift", "rotation") else usual * rng.uniform(0, 1.5)
            drawn = int(rng.integers(1 << 31))
            made.append(Disturbance(name, float(level)).of_recording(recording, array, drawn))
    return tuple(made)


def _some(array: Array, level: float, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.choice(array.channels, min(round(level), len(array.channels)), replace=False)


def _spread(samples: Samples) -> NDArray[np.float64]:
    """(channels,) what varies in each channel; an offset is no signal."""
    deviation: NDArray[np.float64] = samples.std(axis=0, dtype=np.float64)
    return deviation


def _moved(samples: Samples, array: Array, source: NDArray[np.int64]) -> Samples:
    """Each grid position shows the channel that `source` (rows, columns) has there."""
    changed = samples.copy()
    for target, channel in zip(array.electrodes, source.ravel().tolist(), strict=True):
        if target >= 0:
            changed[:, target] = samples[:, channel] if channel >= 0 else 0.0
    return changed
