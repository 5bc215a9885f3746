"""Continuous recordings of the simulator: a whole session, gestures and the rest between them, with a class for each
sample; and what labs find in theirs when something was wrong that day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import UsageError
from emgdeploy.signals import corruptions
from emgdeploy.signals.contacts import POWER_LINE_HZ, Noise
from emgdeploy.signals.corruptions import Array
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.forearm import contraction
from emgdeploy.signals.recordings import UNUSED
from emgdeploy.signals.simulated import LABELS, RAMP_S, Simulation, excitations, sitting

REST = "no movement"
WRONG_UNIT = "unit"
_PIECE = 4096


@dataclass(frozen=True)
class Session:
    """One sitting of a subject. samples: (S, electrodes) float32 in mV; classes: (S,) int64 into `LABELS`, -1 while an
    effort rises or falls; repetitions: (S,) int64 from 1, 0 for the rest before a gesture."""

    subject: int
    number: int
    samples: Single
    classes: NDArray[np.int64]
    repetitions: NDArray[np.int64]


@dataclass(frozen=True)
class Fault:
    """What is wrong with all sessions. name: one of `FAULTS`; level: see there, None takes the usual one."""

    name: str
    level: float | None = None

    @property
    def meaning(self) -> str:
        """What it does, for people."""
        kind = FAULTS[self.name]
        return kind.meaning.format(kind.level if self.level is None else self.level)

    def __str__(self) -> str:
        return self.name if self.level is None else f"{self.name}:{self.level:g}"


def sessions(wanted: Simulation, rest_s: float, faults: Sequence[Fault] = ()) -> Iterator[Session]:
    """Each session of each subject. rest_s: before each gesture. The same arguments give the same samples."""
    for subject in range(1, wanted.subjects + 1):
        for number in range(1, wanted.sessions + 1):
            session = _session(wanted, subject, number, rest_s)
            for fault in faults:
                session = _with(session, fault, wanted)
            yield session


def seconds(wanted: Simulation, rest_s: float) -> float:
    """How long one session takes."""
    return wanted.repetitions * (len(LABELS) - 1) * (rest_s + wanted.seconds + 2 * RAMP_S)


def parse(texts: Sequence[str]) -> tuple[Fault, ...]:
    """`drift`, `unplugged:3` and the like. Raises UsageError for another name or a level that is none."""
    found = []
    for text in texts:
        name, _, number = text.partition(":")
        try:
            level = float(number) if number else None
        except ValueError:
            level = np.nan
        if name not in FAULTS or (level is not None and not 0 < level < 1e6):
            raise UsageError(
                f"there is no fault {text!r}",
                f"faults are: {', '.join(FAULTS)}, each but {WRONG_UNIT} with :LEVEL where wanted",
            )
        found.append(Fault(name, level))
    return tuple(found)


def _session(wanted: Simulation, subject: int, number: int, rest_s: float) -> Session:
    arm, contacts = sitting(wanted, subject, number)
    rng = np.random.default_rng([wanted.seed, 10, subject, number])
    rate = wanted.sample_rate_hz
    rest, ramp, held = (max(1, round(s * rate)) for s in (rest_s, RAMP_S, wanted.seconds))
    efforts, classes, repetitions = [], [], []
    for repetition in range(1, wanted.repetitions + 1):
        for label in range(len(LABELS)):
            if LABELS[label] == REST:
                continue
            idle = excitations(LABELS.index(REST), np.arange(rest) / rate, rng)
            effort = excitations(label, np.arange(ramp + held) / rate, rng)
            fall = effort[:, -1:] * np.linspace(1, 0, ramp)
            efforts += [idle, effort, fall]
            parts = (rest, LABELS.index(REST), 0), (ramp, UNUSED, 1), (held, label, 1), (ramp, UNUSED, 1)
            for length, one, counted in parts:
                classes.append(np.full(length, one, np.int64))
                repetitions.append(np.full(length, counted * repetition, np.int64))
    samples = contraction(arm, np.concatenate(efforts, axis=1), rng)
    noise = Noise(contacts, rate, rng)
    for begin in range(0, len(samples), _PIECE):
        piece = samples[begin : begin + _PIECE]
        piece[:] = piece * contacts.gain + noise.next(len(piece))
    return Session(subject, number, samples, np.concatenate(classes), np.concatenate(repetitions))


def _drift(samples: Single, array: Array, level: float, rng: np.random.Generator) -> Single:
    """A quarter of the electrodes becomes `level` times as strong from begin to end, as gel dries or soaks."""
    hit = rng.choice(array.channels, max(1, len(array.channels) // 4), replace=False)
    changed = samples.copy()
    changed[:, hit] *= np.geomspace(1, level, len(samples), dtype=np.float32)[:, None]
    return changed


def _hum(samples: Single, array: Array, level: float, rng: np.random.Generator) -> Single:
    """`level` mV RMS of power line, as without a reference electrode."""
    time = np.arange(len(samples))[:, None] / array.sample_rate_hz
    phase = rng.normal(0, 0.3, samples.shape[1])
    line = np.sqrt(2) * level * np.sin(2 * np.pi * POWER_LINE_HZ * time + phase)
    return np.asarray(samples + line, np.float32)


@dataclass(frozen=True)
class _Kind:
    """function: on samples, with its usual level; None where the numbers are right and their description is not."""

    function: Callable[[Single, Array, float, np.random.Generator], Single] | None
    level: float
    meaning: str


FAULTS = {
    "drift": _Kind(_drift, 4.0, "a quarter of the electrodes becomes {:g} times as strong within a session"),
    "unplugged": _Kind(corruptions.lost, 1.0, "electrodes that give nothing: {:g}"),
    "hum": _Kind(_hum, 0.2, "{:g} mV RMS of 50 Hz on every electrode"),
    WRONG_UNIT: _Kind(None, 1.0, "dataset.toml says mV of files in uV"),
}


def _with(session: Session, fault: Fault, wanted: Simulation) -> Session:
    kind = FAULTS[fault.name]
    if kind.function is None:
        return session
    array = Array(wanted.grid, tuple(range(session.samples.shape[1])), wanted.sample_rate_hz)
    # The same electrodes in every session, as a broken lead has it.
    rng = np.random.default_rng([wanted.seed, 11, list(FAULTS).index(fault.name)])
    level = kind.level if fault.level is None else fault.level
    return replace(session, samples=kind.function(session.samples, array, level, rng))
