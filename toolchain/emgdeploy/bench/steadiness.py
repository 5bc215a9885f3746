"""Electrodes that are none: a channel that stands still or only ever rises, in the first seconds of a session."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emgdeploy.signals.float32_math import Single

_SECONDS = 2.0


class Steadiness:
    """electrodes: the column of each place of the grid, -1 where there is none."""

    def __init__(self, electrodes: Sequence[int], sample_rate_hz: float) -> None:
        self._columns = np.array(sorted({column for column in electrodes if column >= 0}), np.int64)
        self._left = round(_SECONDS * sample_rate_hz)
        self._last: Single | None = None
        self._rising = np.ones(len(self._columns), np.bool_)
        self._still = np.ones(len(self._columns), np.bool_)

    def __call__(self, samples: Single) -> list[str]:
        """(S, columns) have come -> what there is to say of them, once, when enough are there."""
        if self._left <= 0 or not len(samples):
            return []
        rows = samples[:, self._columns]
        steps = np.diff(rows if self._last is None else np.concatenate([self._last, rows]), axis=0)
        self._last = rows[-1:].copy()
        self._rising &= (steps > 0).all(axis=0)
        self._still &= (steps == 0).all(axis=0)
        self._left -= len(samples)
        return self._sentences() if self._left <= 0 else []

    def _sentences(self) -> list[str]:
        found = []
        if self._rising.any():
            found.append(
                f"{_channels(self._columns[self._rising].tolist())}: only ever rises, as a time or a counter does; "
                "--electrodes says which columns are the electrodes"
            )
        if self._still.any():
            found.append(
                f"{_channels(self._columns[self._still].tolist())}: gave the same number for {_SECONDS:g} s; "
                "look whether it is plugged in"
            )
        return found


def _channels(columns: Sequence[int]) -> str:
    return ("channel " if len(columns) == 1 else "channels ") + ", ".join(map(str, columns))
