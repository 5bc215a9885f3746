"""Recordings at hand for a model that learned from others.

A model fixes what its windows are: so many samples at its rate, an image of its grid, classes in its order. The
recordings fix the rest: which column is which electrode, how fast they were sampled, what their classes are
called. Nothing of the recordings' own description is dropped: it is brought into the model's terms, or refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from emgdeploy.errors import InputError
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.naming import class_map, renumbered
from emgdeploy.signals.preprocess import NO_ELECTRODE, Preprocess
from emgdeploy.signals.recordings import Dataset
from emgdeploy.signals.resample import ratio, resampled

# "The usable energy of the signal is limited to the 0 to 500 Hz frequency range": C. J. De Luca, "Surface
# Electromyography: Detection and Recording", DelSys 2002.
HIGHEST_HZ = 500.0
# A model may miss so much of its band before it is not the same signal any more.
_BAND_SHARE = 0.8


@dataclass(frozen=True)
class Matched:
    """dataset: at the model's rate, with its classes; preprocess: with the electrodes of the data. notes: what was
    done, in sentences; doubts: what may be wrong all the same."""

    dataset: Dataset
    preprocess: Preprocess
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def match(
    dataset: Dataset,
    preprocess: Preprocess,
    acquisition: Acquisition | None,
    labels: tuple[str, ...] | None,
) -> Matched:
    """Bring recordings to a model with this preprocessing and these labels (None: numbers are all it has).

    acquisition: of what it was trained on; None, of an older model, stands for what the preprocessing says.
    Raises InputError for another grid, a rate too low for the model, or a gesture it does not know.
    """
    notes: list[str] = []
    doubts: list[str] = []
    how = _with_electrodes(dataset, preprocess, acquisition)
    if how.electrodes != preprocess.electrodes:
        notes.append("electrodes as the recordings have them, not as those trained on")
    if acquisition is not None and acquisition.unit != dataset.unit:
        doubts.append(f"the model was trained on {acquisition.unit}, these recordings are in {dataset.unit}")
    if labels is not None and labels != dataset.labels:
        dataset = _relabelled(dataset, labels)
        notes.append("gestures matched by name")
    return Matched(*_at_rate(dataset, how, notes), tuple(doubts))


def at_rate(dataset: Dataset, preprocess: Preprocess) -> Matched:
    """Bring recordings to the rate of a preprocessing that was written for them. Raises as `match` does."""
    return Matched(*_at_rate(dataset, preprocess, []))


def _at_rate(
    dataset: Dataset, preprocess: Preprocess, notes: list[str]
) -> tuple[Dataset, Preprocess, tuple[str, ...]]:
    have, wanted = dataset.sample_rate_hz, preprocess.sample_rate_hz
    if have == wanted:
        return dataset, preprocess, tuple(notes)
    top = min(wanted / 2, HIGHEST_HZ if preprocess.bandpass_hz is None else preprocess.bandpass_hz[1])
    if have / 2 < _BAND_SHARE * top:
        raise InputError(
            f"recordings of {have:g} Hz hold nothing above {have / 2:g} Hz; the model, made for {wanted:g} Hz, "
            f"uses all up to {top:g} Hz",
            f"record with {2 * top:g} Hz or more, or train on recordings of {have:g} Hz",
        )
    by = ratio(have, wanted)
    notes.append(
        f"resampled from {have:g} Hz to the model's {wanted:g} Hz (polyphase, {by.numerator}/{by.denominator})"
    )
    return resampled(dataset, wanted), preprocess, tuple(notes)


def _with_electrodes(dataset: Dataset, preprocess: Preprocess, acquisition: Acquisition | None) -> Preprocess:
    """Each pixel shows the column that the recordings have at its place of the array."""
    grid, electrodes = preprocess.grid, preprocess.electrodes
    if acquisition is not None:
        grid, electrodes = acquisition.grid, acquisition.electrodes
    if dataset.grid != grid:
        raise InputError(
            f"the recordings are of {_by(dataset.grid)} electrodes, the model was trained on {_by(grid)}",
            f"give recordings of a grid of {_by(grid)}, or train on these",
        )
    place = {channel: number for number, channel in enumerate(electrodes) if channel >= 0}
    strange = [channel for channel in preprocess.electrodes if channel not in place and channel >= 0]
    if strange and dataset.electrodes != electrodes:
        raise InputError(
            f"the model uses column {strange[0]}, which was no electrode of its array; these recordings have "
            "other columns",
            "train on recordings whose `electrodes` name all that is used",
        )
    if strange:
        return preprocess
    return replace(
        preprocess,
        electrodes=tuple(
            dataset.electrodes[place[channel]] if channel in place else NO_ELECTRODE
            for channel in preprocess.electrodes
        ),
    )


def _relabelled(dataset: Dataset, labels: tuple[str, ...]) -> Dataset:
    mapping = class_map(dataset.labels, labels, dataset.name)
    recordings = tuple(replace(r, labels=renumbered(r.labels, mapping)) for r in dataset.recordings)
    return replace(dataset, recordings=recordings, labels=labels)


def _by(grid: tuple[int, int]) -> str:
    return f"{grid[0]} x {grid[1]}"
