"""Ninapro DB1 to DB4, DB6 to DB8 and DB10 (DB5 has a reader of its own). DB9 holds no EMG.

DB1 to DB3: Atzori et al., "Electromyography data for non-invasive naturally-controlled robotic hand prostheses",
Scientific Data 1 (2014). DB4: Pizzolato et al., PLoS ONE 12 (2017). DB6: Palermo et al., "Repeatability of grasp
recognition for robotic hand prosthesis control based on sEMG data", ICORR 2017. DB7: Krasoulis et al., "Improved
prosthetic hand control with concurrent use of myoelectric and inertial measurements", J. NeuroEng. Rehabil. 14 (2017).
DB8: Krasoulis et al., "Effect of user practice on prosthetic finger control with an intuitive myoelectric decoder",
Front. Neurosci. 13 (2019). DB10: Cognolato et al., "Gaze, visual, myoelectric, and inertial data of grasps for
intelligent prosthetics", Scientific Data 7 (2020). Rates, electrodes and names of files: https://ninapro.hevs.ch.

A file holds `emg` (samples, electrodes) and for each sample the movement (`restimulus`, 0 for rest) and its repetition
(`rerepetition`). A trial is a rest and the movement after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.readers import matfile
from emgdeploy.signals.readers.ninapro import REST, pieces
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.readers.public.layout import TEST, TRAIN, File, Layout, amplitudes, by_sessions, whole
from emgdeploy.signals.recordings import COUNTS, UNUSED, Dataset, Recording

_A = (("A", 12), ("B", 17), ("C", 23))
_B = (("B", 17), ("C", 23), ("D", 9))
_EXERCISES = re.compile(r"[Ss](?P<subject>\d+)_E(?P<exercise>\d)_A\d+\.mat$")


@dataclass(frozen=True)
class _Base:
    """columns: how many `emg` has, () any number; unused: those without an electrode. exercises: letter and number of
    movements of each file E1, E2, ...; () where files are no exercises. test: repetitions that the paper tests on.
    fields: movement and repetition in its files."""

    name: str
    rate_hz: float
    columns: tuple[int, ...]
    exercises: tuple[tuple[str, int], ...] = ()
    test: tuple[int, ...] = ()
    unused: tuple[int, ...] = ()
    fields: tuple[str, str] = ("restimulus", "rerepetition")
    wanted: str = "S1_E1_A1.mat and its like"

    def layout(self, pattern: re.Pattern[str]) -> Layout:
        """Of files that are named so."""
        return Layout(self.name, pattern, self.wanted, self.read, amplitudes, self._numbered)

    def read(self, files: Sequence[File], options: ReadOptions) -> Dataset:
        """Every movement of the files, rest among them unless it is left out."""
        letters, notes = self._letters(options)
        recordings: list[Recording] = []
        names: dict[str, int] = {REST: 0} if options.rest else {}
        width = None
        for file in files:
            letter = self._letter(file)
            if letter and letter not in letters:
                continue
            width, found = self._trials(file, letter, names, options, width)
            recordings += found
        electrodes = tuple(n for n in range(width or 0) if n not in self.unused)
        return Dataset(
            self.name,
            by_sessions(recordings) if not self.test else tuple(recordings),
            tuple(names),
            self.rate_hz,
            (1, len(electrodes)),
            electrodes,
            unit=COUNTS,
            notes=notes,
        )

    def _numbered(self, file: File) -> File:
        if "day" not in file.fields:
            return file
        return replace(file, session=2 * file.number("day") - 2 + file.number("time"))

    def _letters(self, options: ReadOptions) -> tuple[tuple[str, ...], tuple[str, ...]]:
        known = tuple(letter for letter, _ in self.exercises)
        if not known or set(options.exercises) <= set(known):
            return options.exercises, ()
        if options.exercises != ReadOptions().exercises:
            raise UsageError(f"{self.name} has the exercises {', '.join(known)}", "choose among them")
        return known[:1], (f"exercise {known[0]}, the first of {', '.join(known)} (--exercise)",)

    def _letter(self, file: File) -> str:
        number = int(file.fields.get("exercise", 0))
        if self.exercises and not 1 <= number <= len(self.exercises):
            raise InputError(
                f"{file.path}: {self.name} has no exercise {number}", f"--data takes {self.wanted}"
            )
        return self.exercises[number - 1][0] if self.exercises else ""

    def _trials(
        self, file: File, letter: str, names: dict[str, int], options: ReadOptions, width: int | None
    ) -> tuple[int, list[Recording]]:
        hint = f"--data takes the folder with {self.wanted}"
        content = matfile.load(file.path, ("emg", *self.fields), hint)
        emg = np.asarray(content["emg"])
        wrong = emg.ndim != 2 or emg.dtype.kind not in "iuf" or not emg.size
        if wrong or (self.columns and emg.shape[1] not in self.columns):
            wanted = " or ".join(map(str, self.columns)) or "electrodes"
            raise InputError(f"{file.path}: emg must be (samples, {wanted}), it is {emg.shape}", hint)
        if width not in (None, emg.shape[1]):
            raise InputError(
                f"{file.path}: has {emg.shape[1]} electrodes, the files before it {width}",
                "choose people with as many electrodes with --subject",
            )
        # Some files hold a few more samples than labels.
        count = min(len(emg), *(np.asarray(content[name]).size for name in self.fields))
        emg = emg[:count].astype(np.float32)
        if not bool(np.isfinite(emg).all()):
            raise InputError(f"{file.path}: emg holds values that are not finite", hint)
        movement, repetition = (
            whole(np.asarray(content[name]).ravel()[:count], count, name, file.path, hint)
            for name in self.fields
        )
        movement = self._own_numbers(np.maximum(movement, 0), letter, file.path)
        return emg.shape[1], self._cut(file, letter, names, options, emg, movement, repetition)

    def _own_numbers(self, movement: NDArray[np.int64], letter: str, path: Path) -> NDArray[np.int64]:
        """Numbers from 1 in each exercise; some editions count on from those of the exercise before."""
        if not letter:
            return movement
        counts = dict(self.exercises)
        before = sum(n for other, n in self.exercises if other < letter)
        least = int(movement[movement > 0].min(initial=1 << 30))
        if int(movement.max()) > counts[letter] and least > before:
            movement = np.where(movement > 0, movement - before, 0)
        if int(movement.max()) > counts[letter]:
            raise InputError(
                f"{path}: names movement {int(movement.max())}, exercise {letter} of {self.name} has {counts[letter]}",
                "is this file of another database?",
            )
        return movement

    def _cut(
        self,
        file: File,
        letter: str,
        names: dict[str, int],
        options: ReadOptions,
        emg: NDArray[np.float32],
        movement: NDArray[np.int64],
        repetition: NDArray[np.int64],
    ) -> list[Recording]:
        found = []
        for trial, (first, start, end) in enumerate(pieces(movement, repetition), 1):
            name = f"{letter}{movement[start]}" if letter else f"movement {movement[start]}"
            chosen = options.movements is None or name in options.movements
            if not chosen or repetition[start] < 0:  # marked as not to be relied on
                continue
            number = names.setdefault(name, len(names))
            labels = np.full(end - first, 0 if options.rest else UNUSED, np.int64)
            labels[start - first :] = number
            turn = int(max(repetition[start], 0))
            part = (TEST if turn in self.test else TRAIN) if self.test else ""
            place = 1000 * int(file.fields.get("exercise", file.fields.get("acquisition", 0))) + trial
            if "acquisition" in file.fields:
                part = TEST if file.number("acquisition") == 3 else TRAIN
            found.append(Recording(emg[first:end], labels, file.subject, file.session, place, part, turn))
        return found


_FILES_OF_DB1 = re.compile(r"S(?P<subject>\d+)_A\d+_E(?P<exercise>\d)\.mat$", re.IGNORECASE)
_FILES_OF_DB6 = re.compile(r"S(?P<subject>\d+)_D(?P<day>\d+)_T(?P<time>[12])\.mat$", re.IGNORECASE)
_FILES_OF_DB8 = re.compile(r"S(?P<subject>\d+)_E1_A(?P<acquisition>[123])\.mat$", re.IGNORECASE)
_FILES_OF_DB10 = re.compile(r"S(?P<subject>\d+)_ex1\.mat$", re.IGNORECASE)

LAYOUTS = (
    _Base("ninapro-db1", 100.0, (10,), _A, (2, 5, 7), wanted="S1_A1_E1.mat and its like").layout(
        _FILES_OF_DB1
    ),
    _Base("ninapro-db2", 2000.0, (12,), _B, (2, 5)).layout(_EXERCISES),
    _Base("ninapro-db3", 2000.0, (), _B, (2, 5)).layout(_EXERCISES),
    _Base("ninapro-db4", 2000.0, (12,), _A, (2, 5)).layout(_EXERCISES),
    _Base("ninapro-db6", 2000.0, (16,), unused=(8, 9), wanted="S1_D1_T1.mat and its like").layout(
        _FILES_OF_DB6
    ),
    _Base("ninapro-db7", 2000.0, (12,), _B[:2], (2, 5)).layout(_EXERCISES),
    _Base("ninapro-db8", 2000.0, (16,), wanted="S1_E1_A1.mat, S1_E1_A2.mat and S1_E1_A3.mat").layout(
        _FILES_OF_DB8
    ),
    _Base(
        "ninapro-db10",
        1926.0,
        (),
        fields=("regrasp", "reobjectrepetition"),
        wanted="S010_ex1.mat and its like",
    ).layout(_FILES_OF_DB10),
)
