"""Recordings whose arrays lie otherwise than in training: found session by session, and put right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets import align
from emgdeploy.nets.align import Alignment
from emgdeploy.nets.checkpoint import Checkpoint
from emgdeploy.nets.levels import Levels
from emgdeploy.signals.images import labelled_windows
from emgdeploy.signals.placement import Placement
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Dataset, Recording

NOTE = "levels"
AUTO = "auto"
# (subject, session) -> where the array lay.
Placements = Mapping[tuple[int, int], Placement]


def levels_of(checkpoint: Checkpoint, source: str) -> Levels:
    """What the checkpoint knows of its training windows' levels. Raises InputError where it knows nothing."""
    found = Levels.from_dict(checkpoint.training.get(NOTE), checkpoint.preprocess)
    if found is None:
        raise InputError(
            f"{source}: the checkpoint does not say how strong each electrode was in training, so a placement "
            "cannot be found",
            "train it again, or give the placement by its value",
        )
    return found


def find(
    known: Levels, recordings: Sequence[Recording], preprocess: Preprocess, labelled: bool = False
) -> dict[tuple[int, int], Alignment]:
    """The placement of each session's recordings; labelled: held against the classes of the windows.

    Raises InputError where a session is too short for one window, or, labelled, has no window of one class.
    """
    return {
        session: _of_session(
            [r for r in recordings if r.subject_session == session], known, preprocess, labelled
        )
        for session in sorted({recording.subject_session for recording in recordings})
    }


def find_in(known: Levels, features: NDArray[np.float32], preprocess: Preprocess) -> Alignment:
    """The placement of windows (N, frames, rows, columns) before normalisation, N > 0, in the order of recording."""
    return align.estimate(known, known.levels(features, preprocess))


def _of_session(
    recordings: Sequence[Recording], known: Levels, preprocess: Preprocess, labelled: bool
) -> Alignment:
    if labelled:
        images = labelled_windows(recordings, preprocess)
        return align.estimate(known, known.levels(images.features, preprocess), images.y)
    levels = [known.levels(preprocess.features(r.samples), preprocess) for r in recordings]
    joined = np.concatenate(levels)
    if not len(joined):
        raise InputError(
            f"{recordings[0].title} is shorter than one window of {preprocess.window_ms:g} ms", "record more"
        )
    return align.estimate(known, joined)


def put_right(
    dataset: Dataset, preprocess: Preprocess, array: tuple[int, int] | None, placements: Placements
) -> Dataset:
    """The recordings as if the array had lain as in training: each electrode's column holds what the one at its place
    has recorded. Sessions without a placement stay as they are. Raises as `Placement.places` does."""

    def moved(recording: Recording) -> Recording:
        placement = placements.get(recording.subject_session)
        if placement is None or placement.is_none:
            return recording
        shown = placement.places(preprocess.grid, array or preprocess.grid)
        samples = recording.samples.copy()
        for target, place in zip(preprocess.electrodes, shown.tolist(), strict=True):
            source = preprocess.electrodes[place]
            if target >= 0:
                samples[:, target] = recording.samples[:, source] if source >= 0 else 0.0
        return replace(recording, samples=samples)

    return replace(dataset, recordings=tuple(map(moved, dataset.recordings)))


def wanted(
    text: str, dataset: Dataset, estimate: Callable[[], Mapping[tuple[int, int], Alignment]]
) -> Placements:
    """What `--placement` asks for: `auto` estimates, anything else is the placement of every session.

    Raises UsageError for what is no placement.
    """
    if text == AUTO:
        return {session: found.placement for session, found in estimate().items()}
    placement = Placement.parse(text)
    return {recording.subject_session: placement for recording in dataset.recordings}


def summary(found: Mapping[tuple[int, int], Alignment]) -> list[dict[str, Any]]:
    """JSON-able, a row for each session."""
    return [
        {"subject": subject, "session": session, **alignment.to_dict()}
        for (subject, session), alignment in found.items()
    ]


def refuse_auto(text: str, why: str) -> None:
    """Raise UsageError where `auto` cannot be: `why` says what is missing."""
    if text == AUTO:
        raise UsageError(f"--placement auto needs {why}", "find it with emgdeploy align, and give its value")
