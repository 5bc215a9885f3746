"""Preprocessing of samples as they come, in pieces of any length."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.single import Single


class Stream:
    """Makes of pieces the windows that `Preprocess.apply` makes of the whole, bit for bit."""

    def __init__(self, preprocess: Preprocess) -> None:
        self.preprocess = preprocess
        self._state: Single | None = None
        self._kept: Single = np.zeros((0, len(preprocess.electrodes)), np.float32)
        self._skip = 0  # samples before the next window, where windows lie apart

    def push(self, samples: NDArray[Any]) -> Single:
        """(S, channels) in mV, S > 0 -> the windows (N, frames, rows, columns) that they complete.

        Raises InputError where there are too few channels.
        """
        signal, self._state = self.preprocess.filtered(samples, self._state)
        passed = min(self._skip, len(signal))
        self._skip -= passed
        self._kept = np.concatenate([self._kept, signal[passed:]])
        windows = self.preprocess.normalised(self.preprocess.images(self._kept))
        used = len(windows) * self.preprocess.stride_samples
        self._skip += max(used - len(self._kept), 0)
        self._kept = self._kept[used:]
        return windows
