"""Samples that a user gives to a build: brought to the electrodes, the rate and the unit that it was made for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import samples as files
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.matching import Matched, at_rate, match
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Dataset, Recording
from emgdeploy.signals.repair import repair


@dataclass(frozen=True)
class Reading:
    """How the columns of a file or stream are read. columns: of one sample, None for any number from `least`;
    preprocess: with the electrodes among them."""

    preprocess: Preprocess
    columns: int | None
    scale: float
    sample_rate_hz: float

    @property
    def least(self) -> int:
        """Columns that the electrodes need."""
        return max(self.preprocess.electrodes) + 1


def reading(
    preprocess: Preprocess,
    acquisition: Acquisition | None,
    scale: float | None,
    rate_hz: float | None,
    electrodes: tuple[int, ...] | None,
) -> Reading:
    """As the recordings were that the build was trained on (acquisition), except where the user says otherwise.

    electrodes: the column of each place of the grid. Raises UsageError where they are not as many.
    """
    columns = acquisition.channels if acquisition is not None else None
    if electrodes is not None:
        if len(electrodes) != len(preprocess.electrodes):
            raise UsageError(
                f"--electrodes names {len(electrodes)} columns, the grid has {len(preprocess.electrodes)} places",
                "name a column for each place, row by row; -1 where there is none",
            )
        preprocess, columns = replace(preprocess, electrodes=electrodes), None
    known = (1.0, preprocess.sample_rate_hz)
    if acquisition is not None:
        known = (acquisition.scale, acquisition.sample_rate_hz)
    return Reading(preprocess, columns, scale or known[0], rate_hz or known[1])


def from_file(path: Path, how: Reading) -> tuple[Matched, str]:
    """The samples of a file as a data set of one recording, and what they were taken for.

    Raises InputError for other columns than those trained on, or a rate that is too low.
    """
    raw = files.load(path)
    if raw.shape[1] < how.least or how.columns not in (None, raw.shape[1]):
        wanted = how.columns if how.columns is not None else f"{how.least} or more"
        raise InputError(
            f"{path}: has {raw.shape[1]} columns, the recordings that the model was trained on have {wanted}",
            "give a file of the same columns, or say with --electrodes which of them are the electrodes",
        )
    taken = f"{path.name}: {raw.shape[1]} columns at {how.sample_rate_hz:g} Hz, one unit is {how.scale:g} mV"
    recording = Recording(raw * np.float32(how.scale), np.full(len(raw), -1), 1, 1, 1, name=path.name)
    preprocess = how.preprocess
    dataset = Dataset(
        "samples", (recording,), (), how.sample_rate_hz, preprocess.grid, preprocess.electrodes, how.scale
    )
    if how.sample_rate_hz != preprocess.sample_rate_hz:  # a bad sample must not spread over its neighbours
        good = repair(recording.samples, preprocess.range_mv).signal
        dataset = replace(dataset, recordings=(replace(recording, samples=good),))
    return at_rate(dataset, preprocess), taken


def of_dataset(
    dataset: Dataset, chosen: str, preprocess: Preprocess, acquisition: Acquisition | None
) -> tuple[Matched, Recording]:
    """A recording by number (from 1) or file name, with the data set's own electrodes, unit and rate.

    Raises UsageError when there is none of that name, InputError where it does not suit the model.
    """
    recordings = dataset.recordings
    if chosen.isdecimal() and 1 <= int(chosen) <= len(recordings):
        found = recordings[int(chosen) - 1]
    else:
        named = [recording for recording in recordings if chosen and chosen == recording.name]
        if not named:
            names = [recording.name for recording in recordings if recording.name]
            raise UsageError(
                f"{dataset.name} has no recording {chosen!r:.80}",
                f"a number from 1 to {len(recordings)}"
                + (f", or a name such as {names[0]}" if names else ""),
            )
        found = named[0]
    matched = match(replace(dataset, recordings=(found,)), preprocess, acquisition, None)
    return matched, matched.dataset.recordings[0]
