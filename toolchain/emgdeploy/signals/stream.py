"""Preprocessing of samples as they come, in pieces of any length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.decisions import amplitudes
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.imaging import block_samples
from emgdeploy.signals.preprocess import Filtered, Preprocess


@dataclass(frozen=True)
class Completed:
    """windows: (N, *input_shape). sure: (N,) whether all samples of a window were good. amplitudes: (N,) of their
    filtered samples in millivolts, 0 where nobody asked."""

    windows: Single
    sure: NDArray[np.bool_]
    amplitudes: Single


class Stream:
    """Makes of pieces the windows that `Preprocess.apply` makes of the whole, bit for bit.

    bad: (electrodes,) how many samples were bad so far. amplitudes: whether to take those of windows.
    """

    def __init__(self, preprocess: Preprocess, amplitudes: bool = False) -> None:
        self.preprocess = preprocess
        self._with_amplitudes = amplitudes
        self.bad = np.zeros(len(preprocess.electrodes), np.int64)
        self._before: Filtered | None = None
        self._kept: Single = np.zeros((0, len(preprocess.electrodes)), np.float32)
        self._good = np.zeros(0, np.bool_)
        self._skip = 0  # samples before the next window, where windows lie apart

    def push(self, samples: NDArray[Any]) -> Completed:
        """(S, channels) in mV, S > 0 -> the windows that they complete.

        Raises InputError where there are too few channels.
        """
        self._before = self.preprocess.filtered(samples, self._before)
        signal, bad = self._before.signal, self._before.bad
        self.bad += bad.sum(axis=0)
        passed = min(self._skip, len(signal))
        self._skip -= passed
        self._kept = np.concatenate([self._kept, signal[passed:]])
        self._good = np.concatenate([self._good, ~bad[passed:].any(axis=1)])
        return self._windows()

    def _windows(self) -> Completed:
        preprocess = self.preprocess
        starts = preprocess.starts(len(self._kept))
        windows = preprocess.normalised(preprocess.images(self._kept))
        wrong = np.concatenate([[0], np.cumsum(~self._good)])
        sure = wrong[starts + preprocess.window_samples] == wrong[starts]
        level = self._amplitudes(len(windows))
        used = len(windows) * preprocess.stride_samples
        self._skip += max(used - len(self._kept), 0)
        self._kept, self._good = self._kept[used:], self._good[used:]
        return Completed(windows, sure, level)

    def _amplitudes(self, windows: int) -> Single:
        if not self._with_amplitudes or not windows:
            return np.zeros(windows, np.float32)
        how = self.preprocess
        block = block_samples(how.window_samples, how.stride_samples, how.frames)
        return amplitudes(self._kept, how.window_samples, how.stride_samples, block)
