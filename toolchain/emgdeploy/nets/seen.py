"""What a checkpoint says of the recordings and windows that it was trained on, so that no test uses them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.nets.checkpoint import Checkpoint
from emgdeploy.signals import leaks
from emgdeploy.signals.recordings import Recording
from emgdeploy.signals.traces import Trace

_RECORDINGS, _WINDOWS = "seen", "seen_windows"
_NOTHING = Trace(np.zeros(0, np.uint64)).to_dict()


def notes(recordings: Trace, windows: Trace, start: Checkpoint | None) -> dict[str, Any]:
    """Notes for a checkpoint that was trained on these, and before that as `start` was."""
    if start is not None:
        recordings = recordings.joined(_noted(start.training, _RECORDINGS, "the checkpoint"))
        windows = windows.joined(_noted(start.training, _WINDOWS, "the checkpoint"))
    return {_RECORDINGS: recordings.to_dict(), _WINDOWS: windows.to_dict()}


def windows_of(training: Mapping[str, Any], source: str) -> Trace:
    """The windows in the notes of a training. Raises InputError that names `source` for what makes no sense."""
    return _noted(training, _WINDOWS, source)


def refuse_trials(
    checkpoint: Checkpoint, source: str, test: Sequence[Recording], electrodes: Sequence[int]
) -> None:
    """Raise InputError where the checkpoint was trained on samples of these channels of the test recordings."""
    leaks.refuse_seen(
        _noted(checkpoint.training, _RECORDINGS, source),
        test,
        source,
        "without --split and the like the test is what the training left out; or give recordings it has not seen",
        electrodes,
    )


def refuse_windows(checkpoint: Checkpoint, source: str, x: NDArray[Any]) -> None:
    """Raise InputError where the checkpoint was trained on some of these test windows (N, *shape)."""
    leaks.refuse_windows(
        windows_of(checkpoint.training, source),
        x,
        f"among those that {source} was trained on",
        "give windows of trials that it has not seen, such as the test.npz that `train` wrote",
    )


def _noted(training: Mapping[str, Any], name: str, source: str) -> Trace:
    return Trace.from_dict(training.get(name, _NOTHING), source)
