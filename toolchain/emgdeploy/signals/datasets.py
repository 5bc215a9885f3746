"""The data sets that `--dataset` names."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from emgdeploy.errors import UsageError
from emgdeploy.signals import named, simulated
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import csl, flexemg, ice, ninapro, own, table
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.readers.public import LAYOUTS
from emgdeploy.signals.readers.public.layout import LAYOUT_ONLY
from emgdeploy.signals.recordings import Dataset

Chosen = Collection[int] | None


def load(
    name: str,
    folder: Path | None,
    subjects: Chosen = None,
    sessions: Chosen = None,
    simulation: simulated.Simulation | None = None,
    options: ReadOptions | None = None,
) -> Dataset:
    """Read or simulate a data set.

    No choice of subject and session means the first there is of recordings, and all that is simulated. Raises
    UsageError for an unknown name or a missing folder, InputError for recordings that are not what they must
    be.
    """
    if name == "simulated":
        return _chosen(simulated.dataset(simulation), subjects, sessions)
    if named.is_name(name):
        return _of_own(name, folder, subjects, sessions)
    if name == "ninapro-db9":
        raise UsageError(
            "Ninapro DB9 holds movements of the hand and no EMG", "its EMG is in ninapro-db1, -db2 and -db5"
        )
    if name not in NAMES:
        raise UsageError(
            f"there is no data set {name!r}",
            _near(name) or f"data sets are: {', '.join(NAMES)}, or module:function for a reader of your own",
        )
    if folder is None:
        raise UsageError(f"the data set {name} needs its recordings", "add --data FOLDER")
    if name in LAYOUTS:
        return LAYOUTS[name].load(folder, subjects, sessions, options or ReadOptions())
    dataset = _READERS[name](folder, subjects, sessions, options or ReadOptions())
    return replace(dataset, notes=(*dataset.notes, LAYOUT_ONLY)) if is_layout_only(name) else dataset


def is_layout_only(name: str) -> bool:
    """Whether the reader of that name was never tried on a real file."""
    return name in _UNTRIED or (name in LAYOUTS and not LAYOUTS[name].tried)


def _near(name: str) -> str:
    """What was probably meant, else nothing."""
    if name.endswith("dataset.toml"):
        return f"--dataset files --data {Path(name).parent}"
    near = difflib.get_close_matches(name, NAMES, n=2)
    return f"did you mean {' or '.join(near)}?" if near else ""


def default_preprocess(dataset: Dataset) -> Preprocess:
    """The preprocessing that suits a data set when the user says nothing."""
    if dataset.name == "simulated":
        return simulated.default_preprocess(dataset.grid)
    if dataset.name in LAYOUTS:
        return LAYOUTS[dataset.name].preprocess(dataset)
    return _PREPROCESS.get(dataset.name, table.default_preprocess)(dataset)


def raw_preprocess(dataset: Dataset, layout: str) -> Preprocess:
    """For networks that take samples as they are: windows of 160 ms every 80 ms in this layout, each electrode
    standardised; the data set's own filters stay, its logarithm does not."""
    usual = default_preprocess(dataset)
    if usual.image == "stacked":
        return replace(usual, layout=layout)
    windows = replace(usual, window_ms=160.0, stride_ms=80.0, log_epsilon=None)
    return replace(
        windows, image="stacked", frames=windows.window_samples, normalise="electrode", layout=layout
    )


def amplitude_preprocess(dataset: Dataset) -> Preprocess:
    """For networks that take an image of amplitudes: the data set's own way, or where that is samples as they are one
    RMS for each electrode of windows of 200 ms every 50 ms, as logarithms."""
    usual = default_preprocess(dataset)
    if usual.image != "stacked":
        return usual
    return replace(
        usual, image="rms", layout="channels", frames=1, window_ms=200.0, stride_ms=50.0, log_epsilon=1e-3
    )


def _of_own(name: str, folder: Path | None, subjects: Chosen, sessions: Chosen) -> Dataset:
    return _chosen(own.read(name, folder), subjects, sessions, "choose among those that it gives")


def _chosen(
    dataset: Dataset, subjects: Chosen, sessions: Chosen, hint: str = "raise --sim-subjects or --sim-sessions"
) -> Dataset:
    kept = tuple(
        recording
        for recording in dataset.recordings
        if (subjects is None or recording.subject in subjects)
        and (sessions is None or recording.session in sessions)
    )
    if not kept:
        raise UsageError(f"{dataset.name} has no such subject or session", hint)
    return replace(dataset, recordings=kept)


def _flexemg(folder: Path, subjects: Chosen, sessions: Chosen, _options: ReadOptions) -> Dataset:
    pairs = flexemg.available(folder)
    subjects = subjects or [subject for subject, _ in pairs[:1]]
    sessions = sessions or sorted(session for subject, session in pairs if subject in subjects)[:1]
    return flexemg.read(folder, subjects, sessions)


def _ninapro(folder: Path, subjects: Chosen, sessions: Chosen, options: ReadOptions) -> Dataset:
    if sessions is not None and set(sessions) != {1}:
        raise UsageError("Ninapro DB5 has one session of each subject", "leave out --session")
    return ninapro.read(folder, subjects or ninapro.available(folder)[:1], options)


def _csl(folder: Path, subjects: Chosen, sessions: Chosen, options: ReadOptions) -> Dataset:
    pairs = csl.available(folder)
    subjects = subjects or [subject for subject, _ in pairs[:1]]
    sessions = sessions or sorted(session for subject, session in pairs if subject in subjects)[:1]
    return csl.read(folder, subjects, sessions, options)


def _ice(folder: Path, subjects: Chosen, sessions: Chosen, options: ReadOptions) -> Dataset:
    if sessions is not None and set(sessions) != {1}:
        raise UsageError("the ICE Lab recordings have one session", "leave out --session")
    return ice.read(folder, subjects or ice.available(folder)[:1], options)


def _files(folder: Path, subjects: Chosen, sessions: Chosen, _options: ReadOptions) -> Dataset:
    return table.read(folder, subjects, sessions)


_READERS: dict[str, Callable[[Path, Chosen, Chosen, ReadOptions], Dataset]] = {
    "csl": _csl,
    "ice": _ice,
    "flexemg": _flexemg,
    "files": _files,
    "ninapro-db5": _ninapro,
}
_PREPROCESS: dict[str, Callable[[Dataset], Preprocess]] = {
    "csl": csl.default_preprocess,
    "ice": ice.default_preprocess,
    "files": table.default_preprocess,
    "flexemg": flexemg.default_preprocess,
    "ninapro-db5": ninapro.default_preprocess,
}
_UNTRIED = ("csl", "ice")
NAMES = (*_READERS, *LAYOUTS, "simulated")
