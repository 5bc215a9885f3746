"""The `simulated` data set: HD-sEMG made from physiology, for demonstrations, tests and calibration.

Seven gestures are activations of eleven forearm muscles (`anatomy`), held by recruited and rate-coded motor
units (`motorunits`), whose travelling action potentials reach the grid through a volume conductor
(`conductor`, `forearm`). On top come what makes real recordings hard: every repetition has another effort
and co-contraction, every session another placement of the grid and other electrode contacts, and every
electrode hears power line, thermal noise and slow drift. It is a model: accuracy on it says nothing about
a person's arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import UsageError
from emgdeploy.signals.anatomy import GESTURES, MUSCLES, TONE
from emgdeploy.signals.contacts import POWER_LINE_HZ, Contacts, Noise, contacts_of
from emgdeploy.signals.forearm import Forearm, Placement, contraction, forearm
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import UNUSED, Dataset, Recording

SAMPLE_RATE_HZ = 2000.0
GRID = (8, 24)
LABELS = tuple(GESTURES)
RAMP_S = 0.3

_MOST_BYTES = 16 << 30
_LARGEST_GRID = (24, 32)
_SHIFT_MM, _ROTATION_DEG = 5.0, 4.0
_EFFORT = (0.4, 1.3)
_COCONTRACTION = 0.5
_TREMOR, _TREMOR_HZ = 0.08, 2.0


@dataclass(frozen=True)
class Simulation:
    """What to simulate: how many people, sessions, repetitions of each gesture, and seconds of each."""

    subjects: int = 1
    sessions: int = 2
    repetitions: int = 10
    seconds: float = 2.0
    grid: tuple[int, int] = GRID
    sample_rate_hz: float = SAMPLE_RATE_HZ
    seed: int = 1

    def __post_init__(self) -> None:
        counts = (self.subjects, self.sessions, self.repetitions, *self.grid)
        wrong = min(counts) < 1 or not 0 < self.seconds <= 600 or not 200 <= self.sample_rate_hz <= 20_000
        if wrong or self.seed < 0:
            raise UsageError(
                f"nothing can be simulated with {self}",
                "subjects, sessions and repetitions are 1 or more, seconds 600 at most, seed 0 or more, "
                "the sample rate 200..20000 Hz",
            )
        if self.sample_bytes > _MOST_BYTES:
            raise UsageError(
                f"this simulation takes {self.sample_bytes / 2**30:,.0f} GB of memory",
                "fewer subjects, sessions, repetitions or seconds",
            )

    @property
    def sample_bytes(self) -> int:
        """What all samples together take in memory."""
        trials = self.subjects * self.sessions * self.repetitions * len(LABELS)
        samples = round((RAMP_S + self.seconds) * self.sample_rate_hz)
        return trials * samples * self.grid[0] * self.grid[1] * 4


def dataset(simulation: Simulation | None = None) -> Dataset:
    """Every recording of a simulation: one trial per subject, session, gesture and repetition.

    The same simulation gives the same samples, whatever else was simulated before.
    """
    wanted = simulation or Simulation()
    recordings = []
    for subject in range(1, wanted.subjects + 1):
        for session in range(1, wanted.sessions + 1):
            recordings += _session(wanted, subject, session)
    electrodes = tuple(range(wanted.grid[0] * wanted.grid[1]))
    return Dataset("simulated", tuple(recordings), LABELS, wanted.sample_rate_hz, wanted.grid, electrodes)


def default_preprocess(grid: tuple[int, int] = GRID) -> Preprocess:
    """RMS over 100 ms, band-passed and without power line, log, standardised as a whole."""
    return Preprocess(
        sample_rate_hz=SAMPLE_RATE_HZ,
        grid=grid,
        electrodes=tuple(range(grid[0] * grid[1])),
        window_ms=100.0,
        stride_ms=50.0,
        image="rms",
        bandpass_hz=(20.0, 450.0),
        notch_hz=(POWER_LINE_HZ,),
        log_epsilon=1e-3,
        normalise="global",
    )


def windows(
    shape: Sequence[int], n: int, seed: int, preprocess: Preprocess | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Simulated windows of any model input shape: (n, *shape) float32 and their gestures (n,).

    shape: (C, H, W), (H, W) or (L,). With `preprocess` the windows are what it makes of a simulated grid of
    its size and rate. Without, each is C successive samples of an H x W grid, standardised as a whole, which
    is what the published HD-sEMG project feeds its networks. Raises UsageError for a shape of more sizes.
    """
    if not 1 <= len(shape) <= 3 or min(shape) < 1 or n < 1:
        raise UsageError(
            f"windows of shape {tuple(shape)} cannot be simulated", "give (channels, rows, columns)"
        )
    frames, rows, columns = (1, 1, 1, *shape)[-3:]
    described = preprocess or _frames_of(rows, columns, frames)
    grid = described.grid
    seconds = max(2.0, 2 * described.window_ms / 1000)
    each = min(150, int((1000 * seconds - described.window_ms) // described.stride_ms))
    repetitions = -(-n // (len(LABELS) * max(each, 1)))
    simulation = Simulation(1, 1, repetitions, seconds, grid, described.sample_rate_hz, seed)
    x, y = [], []
    for recording in dataset(simulation).recordings:
        raw = np.zeros((len(recording.samples), max(described.electrodes) + 1), np.float32)
        present = np.asarray(described.electrodes) >= 0
        raw[:, np.asarray(described.electrodes)[present]] = recording.samples[:, present]
        images = described.apply(raw)
        starts = described.starts(len(raw))
        kept = recording.labels[starts] >= 0
        x.append(images[kept])
        y.append(recording.labels[starts[kept]])
    chosen = np.random.default_rng([seed, 4]).permutation(sum(map(len, y)))[:n]
    images = np.concatenate(x)[chosen]
    spread = np.ix_(
        np.arange(rows) * images.shape[2] // rows, np.arange(columns) * images.shape[3] // columns
    )
    return images[:, :, spread[0], spread[1]].reshape(n, *shape), np.concatenate(y)[chosen]


def _frames_of(rows: int, columns: int, frames: int) -> Preprocess:
    # Inputs far larger than any electrode grid are filled by repeating the electrodes of a large one.
    grid = (min(rows, _LARGEST_GRID[0]), min(columns, _LARGEST_GRID[1]))
    return Preprocess(
        sample_rate_hz=SAMPLE_RATE_HZ,
        grid=grid,
        electrodes=tuple(range(grid[0] * grid[1])),
        window_ms=1000 * frames / SAMPLE_RATE_HZ,
        stride_ms=10.0,
        image="stacked",
        frames=frames,
        bandpass_hz=(20.0, 450.0),
        normalise="frame",
    )


def _session(wanted: Simulation, subject: int, session: int) -> list[Recording]:
    rate = wanted.sample_rate_hz
    arm, contacts = sitting(wanted, subject, session)
    samples = round((RAMP_S + wanted.seconds) * rate)
    recordings = []
    for repetition in range(wanted.repetitions):
        for label in range(len(LABELS)):
            rng = np.random.default_rng([wanted.seed, 3, subject, session, repetition, label])
            recorded = _trial(arm, contacts, label, samples, rng)
            labels = np.full(samples, label, np.int64)
            labels[: round(RAMP_S * rate)] = UNUSED
            trial = repetition * len(LABELS) + label + 1
            recordings.append(Recording(recorded, labels, subject, session, trial))
    return recordings


def sitting(wanted: Simulation, subject: int, session: int) -> tuple[Forearm, Contacts]:
    """A subject's arm under the grid as it lies in a session, and what its electrodes add."""
    day = np.random.default_rng([wanted.seed, 2, subject, session])
    placement = Placement(
        float(day.normal(0, _SHIFT_MM)), float(day.normal(0, _SHIFT_MM)), float(day.normal(0, _ROTATION_DEG))
    )
    arm = arm_of(wanted.seed, subject, wanted.grid, placement, wanted.sample_rate_hz)
    return arm, contacts_of(arm.templates.shape[3], day)


@lru_cache(maxsize=2)
def arm_of(
    seed: int, subject: int, grid: tuple[int, int], placement: Placement, sample_rate_hz: float
) -> Forearm:
    """A subject's arm under one placement. A command that simulates more than once, as finetuning and conversion do,
    computes it once."""
    # Named streams: a person's anatomy is the same in all sessions and does not depend on their number.
    return forearm(grid, placement, sample_rate_hz, np.random.default_rng([seed, 1, subject]))


def _trial(
    arm: Forearm, contacts: Contacts, label: int, samples: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """(samples, electrodes) of one repetition in mV: ramp to the effort, then hold it."""
    time = np.arange(samples) / arm.sample_rate_hz
    muscles = contraction(arm, excitations(label, time, rng), rng)
    return (muscles * contacts.gain + Noise(contacts, arm.sample_rate_hz, rng).next(samples)).astype(
        np.float32
    )


def excitations(label: int, time: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """(muscles, S) shares of the maximal excitation at (S,) seconds."""
    gesture = GESTURES[LABELS[label]]
    target = np.array([gesture.get(muscle.name, 0.0) for muscle in MUSCLES])
    target = target * rng.uniform(*_EFFORT) * np.exp(rng.normal(0.0, _COCONTRACTION, len(MUSCLES)))
    stray = TONE * np.exp(rng.normal(0.0, 0.7, len(MUSCLES)))
    phase = rng.uniform(0, 2 * np.pi, (len(MUSCLES), 1))
    rate = _TREMOR_HZ * rng.uniform(0.5, 1.5, (len(MUSCLES), 1))
    held = 1.0 + _TREMOR * np.sin(2 * np.pi * rate * time + phase)
    ramp = np.minimum(time / RAMP_S, 1.0)
    return np.clip((target[:, None] * ramp + stray[:, None]) * held, 0.0, 1.0)
