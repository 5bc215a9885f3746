"""Conducts a guided recording. Time is that of the samples: a second is as many of them as the rate says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.guided.folder import Array, Folder
from emgdeploy.signals.guided.plan import Trial
from emgdeploy.signals.quality.judge import Quality, judge
from emgdeploy.signals.recordings import Dataset, Recording
from emgdeploy.signals.sources.source import Source

REDO, PAUSE, STOP = "redo", "pause", "stop"
_TICK_S, _BLOCK_S = 0.1, 0.05
_BAD_SHARE = 0.01
_TRIES = 3


@dataclass(frozen=True)
class Pace:
    """Seconds. hold: a gesture is held; rest: before each; reaction: of the hold that is not kept; check: of the signal
    check before the first trial, 0 for none."""

    hold: float = 3.0
    rest: float = 3.0
    reaction: float = 0.5
    check: float = 3.0


class Screen(Protocol):
    """What the person sees, and what they say."""

    def check(self, seconds: float) -> None:
        """Move the hand in every way: the signal is being checked."""

    def rest(self, following: Trial, seconds: float) -> None:
        """Rest; what comes next."""

    def hold(self, trial: Trial, number: int, of: int, seconds: float) -> None:
        """Hold the gesture now."""

    def kept(self, trial: Trial, amplitude: float) -> None:
        """The trial is on disk. amplitude: mean over the electrodes of its RMS, in the array's unit."""

    def again(self, trial: Trial, why: str) -> None:
        """The trial is done again."""

    def paused(self) -> None:
        """Nothing is asked until PAUSE is said once more."""

    def said(self) -> str:
        """REDO (the last trial), PAUSE, STOP, or "" where nothing was said since."""


class Conductor:
    """Of one session. asked: is told what the person is to do, for a source that is simulated."""

    def __init__(
        self,
        source: Source,
        array: Array,
        folder: Folder,
        pace: Pace,
        screen: Screen,
        asked: Callable[[str], None] = lambda gesture: None,
        rest: str = "rest",
    ) -> None:
        self._source, self._array, self._folder = source, array, folder
        self._pace, self._screen, self._asked, self._rest = pace, screen, asked, rest
        self._redo = self._stop = False

    def check(self) -> Quality:
        """The signal while the hand moves, electrode by electrode."""
        self._screen.check(self._pace.check)
        samples = self._gather(self._pace.check)
        trial = Recording(samples, np.zeros(len(samples), np.int64), 1, 1, 1)
        array = self._array
        dataset = Dataset(
            *("the source", (trial,), ("check",), array.sample_rate_hz, array.grid, array.electrodes),
            unit=array.unit,
            columns=array.names,
        )
        return judge(dataset)

    def follow(self, trials: Sequence[Trial]) -> int:
        """Ask for every trial; so many are kept. A trial with lost or bad samples is asked for again, and so is the
        last one where the person says so.

        Raises InputError where the source ends, or a trial fails three times.
        """
        done, tries = 0, 1
        while done < len(trials) and not self._stop:
            trial = trials[done]
            samples = self._trial(trial, done + 1, len(trials))
            if self._stop:
                break
            if self._redo:
                self._redo = False
                done, tries = max(done - 1, 0), 1
                self._screen.again(trials[done], "as you say")
                continue
            bad = float((~np.isfinite(samples[:, self._used()])).any(axis=1).mean())
            if bad > _BAD_SHARE and tries == _TRIES:
                raise InputError(
                    f"{trial}: {bad:.0%} of its samples are lost or bad, in each of {_TRIES} tries",
                    "look after the link and the electrodes; the trials before it are kept",
                )
            if bad > _BAD_SHARE:
                tries += 1
                self._screen.again(trial, f"{bad:.0%} of its samples are lost or bad")
                continue
            self._folder.keep(trial, samples)
            self._screen.kept(trial, self._amplitude(samples))
            done, tries = done + 1, 1
        return done

    def _trial(self, trial: Trial, number: int, of: int) -> Single:
        pace = self._pace
        self._asked(self._rest)
        self._screen.rest(trial, pace.rest)
        self._gather(pace.rest)
        if self._redo or self._stop:
            return np.zeros((0, 0), np.float32)
        self._asked(trial.gesture)
        self._screen.hold(trial, number, of, pace.hold)
        samples = self._gather(pace.hold)
        return samples[round(pace.reaction * self._array.sample_rate_hz) :]

    def _gather(self, seconds: float) -> Single:
        """(S, columns) that come from now on."""
        wanted = round(seconds * self._array.sample_rate_hz)
        tick = max(1, round(_TICK_S * self._array.sample_rate_hz))
        self._next(0)  # what came before is not of this
        pieces: list[Single] = []
        while (count := sum(map(len, pieces))) < wanted:
            samples = self._next(min(tick, wanted - count))
            if len(samples):
                pieces.append(samples)
            if self._listen():
                break
        return np.concatenate(pieces)[:wanted] if pieces else np.zeros((0, 0), np.float32)

    def _next(self, count: int) -> Single:
        piece = self._source.take(count)
        if piece is None:
            raise InputError("the source has ended", "start it again; the trials that were kept stay")
        return piece.samples

    def _listen(self) -> bool:
        """Whether what is going on is not to go on."""
        word = self._screen.said()
        if word == PAUSE:
            self._screen.paused()
            while not (word := self._screen.said()):
                self._next(1)
        self._redo, self._stop = word == REDO, word == STOP
        return self._redo or self._stop

    def _used(self) -> list[int]:
        return [column for column in self._array.electrodes if column >= 0]

    def _amplitude(self, samples: Single) -> float:
        """Slow drift, which is no activity, is taken off block by block."""
        size = max(2, round(_BLOCK_S * self._array.sample_rate_hz))
        used = samples[: len(samples) // size * size, self._used()].astype(np.float64)
        blocks = used.reshape(-1, size, used.shape[1])
        if not len(blocks):
            return 0.0
        return float(np.sqrt(np.nanmean(np.nanvar(blocks, axis=1), axis=0)).mean())
