"""How samples were taken: what has to be known of a stream or a file before a number made of it means anything.

A checkpoint and a build carry the acquisition of the recordings they were trained on. Whoever brings other
samples compares theirs with it: the preprocessing alone cannot tell volts from microvolts.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emgdeploy.errors import InputError
from emgdeploy.signals.recordings import COUNTS, MILLIVOLTS, Dataset

_HINT = "train again, or build again from the checkpoint"
_MOST_CHANNELS = 1 << 16
_MOST_NAMES = 1 << 12


@dataclass(frozen=True)
class Acquisition:
    """The recordings that a model was trained on, as they were before any preprocessing.

    sample_rate_hz: of the recordings. The preprocessing has a rate of its own: where the two differ, samples are
        resampled from this rate to that one before anything else.
    channels: columns of one sample as recorded, electrodes or not.
    grid: rows and columns of the electrode array. electrodes: the recorded column of each of its places, row by
        row, -1 where there is none; as many as the grid has places.
    scale: what a recorded number is multiplied by to become what the preprocessing takes, in `unit`.
    unit: `mV`, or `counts` where nobody knows how many millivolts a count is.
    array: rows and columns of one array where the grid is made of several; the grid where it is one.
    names: what the columns are called, () where they have no names.
    labels: the gestures, in the order of the classes.
    """

    sample_rate_hz: float
    channels: int
    grid: tuple[int, int]
    electrodes: tuple[int, ...]
    scale: float = 1.0
    unit: str = MILLIVOLTS
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    array: tuple[int, int] | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> Acquisition:
        """The acquisition of a data set; `channels` is the least that all of its recordings have."""
        return cls(
            sample_rate_hz=dataset.resampled_from_hz or dataset.sample_rate_hz,
            channels=min(recording.samples.shape[1] for recording in dataset.recordings),
            grid=dataset.grid,
            electrodes=dataset.electrodes,
            scale=dataset.scale,
            unit=dataset.unit,
            names=dataset.columns,
            labels=dataset.labels,
            array=dataset.array,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` takes it back."""
        fields = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}

    @classmethod
    def from_dict(cls, fields: object, source: str) -> Acquisition:
        """The acquisition in another's file. Raises InputError that names `source` and the field."""
        table: dict[str, Any] = {"array": None, **fields} if isinstance(fields, dict) else {}
        for name, right in _RULES.items():
            if name not in table or not right(table[name]):
                raise InputError(f"{source}: {name} of the acquisition is missing or makes no sense", _HINT)
        read = {name: _as_field(table[name]) for name in _RULES}
        if len(read["electrodes"]) != math.prod(read["grid"]):
            raise InputError(f"{source}: the acquisition's electrodes do not fill its grid", _HINT)
        if max(read["electrodes"]) >= read["channels"]:
            raise InputError(f"{source}: the acquisition's electrodes are not among its channels", _HINT)
        return cls(**read)


def _as_field(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


def _is_whole(value: Any, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _is_positive(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < 1e12


def _are_whole(value: Any, low: int, high: int, count: int | None = None) -> bool:
    right = isinstance(value, list | tuple) and 0 < len(value) <= _MOST_CHANNELS
    return right and count in (None, len(value)) and all(_is_whole(item, low, high) for item in value)


def _are_names(value: Any) -> bool:
    right = isinstance(value, list | tuple) and len(value) <= _MOST_NAMES
    return right and all(isinstance(item, str) and len(item) <= 1000 for item in value)


_RULES: dict[str, Callable[[Any], bool]] = {
    "sample_rate_hz": _is_positive,
    "channels": lambda value: _is_whole(value, 1, _MOST_CHANNELS),
    "grid": lambda value: _are_whole(value, 1, _MOST_CHANNELS, 2),
    "electrodes": lambda value: _are_whole(value, -1, _MOST_CHANNELS),
    "scale": _is_positive,
    "unit": lambda value: value in (MILLIVOLTS, COUNTS),
    "names": _are_names,
    "labels": _are_names,
    "array": lambda value: value is None or _are_whole(value, 1, _MOST_CHANNELS, 2),
}
