"""One candidate: a network, its width, and the windows that it sees."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emgdeploy.errors import InputError
from emgdeploy.nets import registry
from emgdeploy.signals.preprocess import Preprocess

ALL, EVEN_ROWS, EVEN_COLUMNS = "all", "every second row", "every second column"
ELECTRODES = (ALL, EVEN_ROWS, EVEN_COLUMNS)


@dataclass(frozen=True)
class Candidate:
    """network: a name of `registry.NAMES` or the user's own `module:function`; width: what it scales by.

    window: length of the windows as a factor of the data set's own. log: the image's logarithm is taken.
    electrodes: one of ELECTRODES. epochs: passes over the training windows.
    """

    network: str
    width: float = 1.0
    window: float = 1.0
    log: bool = True
    electrodes: str = ALL
    epochs: int = 5

    @property
    def key(self) -> str:
        """16 hex digits that tell it from any other; what is known of a candidate is filed under them."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def structure(self) -> Candidate:
        """The candidate without what only training knows of: its costs are the same."""
        return dataclasses.replace(self, epochs=0)

    @property
    def seed(self) -> int:
        """Of its training: the same candidate is trained alike by any worker."""
        return int(self.key[:8], 16)

    def preprocess(self, base: Preprocess) -> Preprocess:
        """How its windows are made. base: the data set's own way, for images or samples as the network wants."""
        made = _lasting(base, base.window_ms * self.window)
        if base.image != "stacked":
            made = dataclasses.replace(made, log_epsilon=_epsilon(base) if self.log else None)
        return _with_electrodes(made, self.electrodes)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` takes it back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Candidate:
        """Raises InputError for fields that are not a candidate's."""
        try:
            return cls(**fields)
        except TypeError as error:
            raise InputError(
                f"a trial of the study makes no sense ({error})", "take another --study"
            ) from None


def is_raw(network: str) -> bool:
    """Whether a network wants samples as they are."""
    return network in registry.RAW_LAYOUTS


def _lasting(base: Preprocess, window_ms: float) -> Preprocess:
    """The same windows, longer or shorter; one with a frame for each sample keeps that."""
    frames = base.frames
    if frames == base.window_samples:
        frames = round(window_ms * base.sample_rate_hz / 1000)
    return dataclasses.replace(base, window_ms=window_ms, frames=frames)


def _epsilon(base: Preprocess) -> float:
    return base.log_epsilon if base.log_epsilon is not None else 1e-3


def _with_electrodes(made: Preprocess, which: str) -> Preprocess:
    if which == ALL:
        return made
    rows, columns = made.grid
    step = (2, 1) if which == EVEN_ROWS else (1, 2)
    kept = [
        made.electrodes[row * columns + column]
        for row in range(0, rows, step[0])
        for column in range(0, columns, step[1])
    ]
    grid = (len(range(0, rows, step[0])), len(range(0, columns, step[1])))
    return dataclasses.replace(made, grid=grid, electrodes=tuple(kept), mean=(), std=())
