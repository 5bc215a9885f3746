"""What rules of decisions come to on recordings: how often right, how soon, how steady.

Recordings are decided on from their first sample to their last, as live recognition would, each from the start.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.nets import train
from emgdeploy.signals.decisions import Confidence, Decider, Decision, Rules
from emgdeploy.signals.images import window_classes
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Recording
from emgdeploy.signals.stream import Stream

if TYPE_CHECKING:
    from torch import nn

_PIECE = 4096  # samples that are filtered at once


@dataclass(frozen=True)
class Run:
    """A recording through the network. ends: (N,) samples until each window is whole; logits: (N, K); sure, amplitudes:
    (N,), see `signals.stream`; y: (N,) its class, -1 where it holds more than one or none; labels: (S,) of the samples."""

    ends: NDArray[np.int64]
    logits: NDArray[np.float32]
    sure: NDArray[np.bool_]
    amplitudes: NDArray[np.float32]
    y: NDArray[np.int64]
    labels: NDArray[np.int64]


@dataclass
class Tally:
    """Counts over recordings. delays: samples from the onset of a gesture to the first right decision."""

    windows: int = 0
    right: int = 0
    unsure: int = 0
    rejected: int = 0
    decided_wrong: int = 0
    delays: list[int] = field(default_factory=list)
    missed: int = 0
    changes: int = 0
    steady_samples: int = 0

    def report(self, sample_rate_hz: float) -> dict[str, Any]:
        """Shares of the windows of one class, milliseconds, changes a minute; None where there was nothing to count."""
        delays = 1000 * np.array(self.delays) / sample_rate_hz
        minutes = self.steady_samples / sample_rate_hz / 60
        return {
            "windows": self.windows,
            "accuracy": self.right / self.windows if self.windows else None,
            "wrong": self.decided_wrong / self.windows if self.windows else None,
            "unsure": self.unsure / self.windows if self.windows else None,
            "rejected": self.rejected / self.windows if self.windows else None,
            "delay_ms": {
                "p50": float(np.percentile(delays, 50)) if len(delays) else None,
                "p95": float(np.percentile(delays, 95)) if len(delays) else None,
            },
            "onsets": len(delays) + self.missed,
            "missed_onsets": self.missed,
            "flicker_per_minute": self.changes / minutes if minutes else None,
        }


def runs(network: nn.Module, recordings: Sequence[Recording], preprocess: Preprocess) -> list[Run]:
    """The network's answers to every window of the recordings. Raises InputError where no window is whole."""
    found = [_run(network, recording, preprocess) for recording in recordings]
    found = [run for run in found if len(run.ends)]
    if not found:
        raise InputError(
            f"none of {len(recordings)} recordings is as long as a window of {preprocess.window_ms:g} ms",
            "decisions need whole recordings",
        )
    return found


def _run(network: nn.Module, recording: Recording, preprocess: Preprocess) -> Run:
    stream, samples = Stream(preprocess, amplitudes=True), recording.samples
    parts = [stream.push(samples[at : at + _PIECE]) for at in range(0, len(samples), _PIECE)]
    x = np.concatenate([part.windows for part in parts])
    logits = train.predict(network, x) if len(x) else np.zeros((0, 1), np.float32)
    starts = preprocess.starts(len(samples))
    return Run(
        starts + preprocess.window_samples,
        logits,
        np.concatenate([part.sure for part in parts]),
        np.concatenate([part.amplitudes for part in parts]),
        window_classes(recording.labels, preprocess) if len(x) else np.zeros(0, np.int64),
        recording.labels,
    )


def decide(rules: Rules, run: Run, sample_rate_hz: float, labels: Sequence[str]) -> list[Decision]:
    """A decision for each window, with the float network's confidence."""
    decider, confidence = Decider(rules.resolved(sample_rate_hz, labels)), Confidence.of("float32", 1.0)
    return [
        decider(int(end), confidence(logits) if sure else None, float(amplitude))
        for end, logits, sure, amplitude in zip(run.ends, run.logits, run.sure, run.amplitudes, strict=True)
    ]


def tally(rules: Rules, found: Iterable[Run], sample_rate_hz: float, labels: Sequence[str]) -> Tally:
    """The rules on all recordings."""
    total = Tally()
    for run in found:
        decisions = decide(rules, run, sample_rate_hz, labels)
        gestures = np.array([-1 if one.gesture is None else one.gesture for one in decisions])
        unsure = np.array([one.unsure for one in decisions])
        pure = run.y >= 0
        right = pure & (gestures == run.y)
        total.windows += int(pure.sum())
        total.right += int(right.sum())
        total.unsure += int((pure & unsure).sum())
        total.decided_wrong += int((pure & ~right & ~unsure).sum())
        total.rejected += int((pure & np.array([one.rejected for one in decisions])).sum())
        _count_onsets(total, run, gestures)
    return total


def _count_onsets(total: Tally, run: Run, gestures: NDArray[np.int64]) -> None:
    """Each stretch of one class: when it was first decided right, and how often that changed again."""
    edges = np.flatnonzero(np.diff(run.labels)) + 1
    bounds = [0, *edges.tolist(), len(run.labels)]
    for begin, end in itertools.pairwise(bounds):
        label = int(run.labels[begin])
        inside = np.flatnonzero((run.ends > begin) & (run.ends <= end))
        if label < 0 or not len(inside):
            continue
        right = inside[gestures[inside] == label]
        if not len(right):
            total.missed += 1
            continue
        total.delays.append(int(run.ends[right[0]]) - begin)
        steady = gestures[right[0] : inside[-1] + 1]
        total.changes += int(np.count_nonzero(np.diff(steady)))
        total.steady_samples += int(run.ends[inside[-1]] - run.ends[right[0]])
