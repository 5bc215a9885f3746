"""The data sets that `--dataset` names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from emgdeploy.errors import UsageError
from emgdeploy.signals import flexemg, simulated
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Dataset

NAMES = ("flexemg", "simulated")


def load(
    name: str,
    folder: Path | None,
    subjects: Collection[int] | None = None,
    sessions: Collection[int] | None = None,
    simulation: simulated.Simulation | None = None,
) -> Dataset:
    """Read or simulate a data set.

    No choice of subject and session means the first there is of recordings, and all that is simulated. Raises UsageError for an
    unknown name or a missing folder, InputError for recordings that are not what they must be.
    """
    if name == "simulated":
        return _chosen(simulated.dataset(simulation), subjects, sessions)
    if name != "flexemg":
        raise UsageError(f"there is no data set {name!r}", f"data sets are: {', '.join(NAMES)}")
    if folder is None:
        raise UsageError("the data set flexemg needs its recordings", "add --data FOLDER")
    pairs = flexemg.available(folder)
    subjects = subjects or [subject for subject, _ in pairs[:1]]
    sessions = sessions or sorted(session for subject, session in pairs if subject in subjects)[:1]
    return flexemg.read(folder, subjects, sessions)


def _chosen(dataset: Dataset, subjects: Collection[int] | None, sessions: Collection[int] | None) -> Dataset:
    kept = tuple(
        recording
        for recording in dataset.recordings
        if (subjects is None or recording.subject in subjects)
        and (sessions is None or recording.session in sessions)
    )
    if not kept:
        raise UsageError(
            f"{dataset.name} has no such subject or session", "raise --sim-subjects or --sim-sessions"
        )
    return replace(dataset, recordings=kept)


def default_preprocess(dataset: Dataset) -> Preprocess:
    """The preprocessing that suits a data set when the user says nothing."""
    if dataset.name == "simulated":
        return simulated.default_preprocess(dataset.grid)
    return flexemg.default_preprocess(dataset)
