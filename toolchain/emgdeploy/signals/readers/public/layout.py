"""A public data set: how its files are named, what is in them, and how its paper divides them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import patterns
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.recordings import Dataset, Recording

LAYOUT_ONLY = (
    "layout only: this reader follows the description of the data set and was never tried on a real file"
)
TRAIN, TEST = "train", "test"


@dataclass(frozen=True)
class File:
    """One file of a data set, or one of the records it is made of. fields: what else its name says."""

    path: Path
    subject: int
    session: int
    fields: dict[str, str]

    def number(self, name: str) -> int:
        """A whole number out of its name."""
        return int(self.fields[name])


@dataclass(frozen=True)
class Layout:
    """pattern: what the end of a path looks like, with groups `subject`, `session` (1 where it has none) and others.
    wanted: what --data takes. read: the chosen files, in the order in which people count. numbered: changes what a
    path says into subject and session. tried: on real files.
    """

    name: str
    pattern: re.Pattern[str]
    wanted: str
    read: Callable[[Sequence[File], ReadOptions], Dataset]
    preprocess: Callable[[Dataset], Preprocess]
    numbered: Callable[[File], File] = lambda file: file
    tried: bool = False

    def load(
        self,
        folder: Path,
        subjects: Collection[int] | None,
        sessions: Collection[int] | None,
        options: ReadOptions,
    ) -> Dataset:
        """The given subjects and sessions; without a choice the first subject there is, and its first session.

        Raises InputError when there is nothing to read or a file is not what it must be.
        """
        there = self._files(Path(folder))
        subjects = subjects or [min(file.subject for file in there)]
        own = [file for file in there if file.subject in subjects]
        sessions = sessions or [min((file.session for file in own), default=1)]
        chosen = [file for file in own if file.session in sessions]
        if not chosen:
            pairs = ", ".join(f"{a}/{b}" for a, b in sorted({(f.subject, f.session) for f in there})[:20])
            raise InputError(f"{folder}: no such recordings; subject/session there: {pairs}", self.hint)
        dataset = replace(self.read(chosen, options), name=self.name)
        if not dataset.recordings:
            raise InputError(f"{folder}: there are no gestures in these recordings", self.hint)
        return dataset if self.tried else replace(dataset, notes=(*dataset.notes, LAYOUT_ONLY))

    @property
    def hint(self) -> str:
        """What --data takes, in a sentence."""
        return f"--data takes the folder with {self.wanted}"

    def _files(self, folder: Path) -> list[File]:
        if not folder.is_dir():
            raise InputError(f"{folder}: there is no such folder", self.hint)
        above = folder.resolve()
        found = []
        for name in patterns.files_below(folder):
            named = self.pattern.search(f"{above.parent.name}/{above.name}/{name}")
            if named is not None:
                fields = {key: value for key, value in named.groupdict().items() if value is not None}
                subject, session = int(fields["subject"]), int(fields.get("session", 1))
                found.append(self.numbered(File(folder / name, subject, session, fields)))
        if not found:
            raise InputError(f"{folder}: there are no recordings of {self.name} in it", self.hint)
        return found


def numbers(value: object, columns: int | None, what: str, path: Path, hint: str) -> NDArray[np.float32]:
    """A matrix (samples, columns) of finite numbers; None takes any number. Raises InputError that names the file."""
    matrix = np.asarray(value)
    right = matrix.ndim == 2 and matrix.dtype.kind in "iuf" and matrix.size > 0
    if not right or columns not in (None, matrix.shape[1]) or not bool(np.isfinite(matrix).all()):
        wanted = "(samples, channels)" if columns is None else f"(samples, {columns})"
        raise InputError(
            f"{path}: {what} must be finite numbers of shape {wanted}, it is {matrix.dtype} of shape {matrix.shape}",
            hint,
        )
    return np.asarray(matrix, np.float32)


def whole(value: object, samples: int, what: str, path: Path, hint: str) -> NDArray[np.int64]:
    """(samples,) whole numbers. Raises InputError that names the file."""
    flat = np.asarray(value).ravel()
    if flat.dtype.kind not in "iuf" or len(flat) != samples or not bool((flat == np.round(flat)).all()):
        raise InputError(f"{path}: {what} must hold a whole number for each of {samples} samples", hint)
    return flat.astype(np.int64)


def by_sessions(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """The same, where there are several sessions the first one of each subject to train on and the others to test on;
    as they are where there is one."""
    first = {
        r.subject: min(one.session for one in recordings if one.subject == r.subject) for r in recordings
    }
    if all(recording.session == first[recording.subject] for recording in recordings):
        return tuple(recordings)
    return tuple(replace(r, part=TRAIN if r.session == first[r.subject] else TEST) for r in recordings)


def amplitudes(dataset: Dataset, window_ms: float = 200.0) -> Preprocess:
    """RMS of windows that half overlap, each electrode standardised: right for samples in any unit."""
    return Preprocess(
        sample_rate_hz=dataset.sample_rate_hz,
        grid=dataset.grid,
        electrodes=dataset.electrodes,
        window_ms=window_ms,
        stride_ms=window_ms / 2,
        image="rms",
        normalise="electrode",
    )


def refuse_choice(options: ReadOptions, name: str) -> None:
    """Raise UsageError where movements are chosen of a data set that has none to choose among."""
    if options.movements is not None:
        raise UsageError(f"--movements is of Ninapro, not of {name}", "leave it out")
