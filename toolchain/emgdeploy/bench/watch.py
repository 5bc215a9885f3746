"""What is worth a warning while live recognition runs: each thing is said once, when it is first seen."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping

import numpy as np

from emgdeploy.signals import Preprocess
from emgdeploy.signals.float32_math import Single

# Int8 ranges leave out one value in ten thousand of the training's own windows.
CLAMPED_SHARE = 0.03
_ENOUGH_WINDOWS = 8
_LATEST = 8


class Watch:
    """Of one session. warn: shows a sentence."""

    def __init__(self, preprocess: Preprocess, warn: Callable[[str], None]) -> None:
        self._preprocess, self._warn = preprocess, warn
        self._said: set[str] = set()
        self._lags: deque[float] = deque(maxlen=_LATEST)
        self._first_lag: float | None = None
        self._begun = (0, 0)
        self._ratios: deque[float] = deque(maxlen=256)

    def say(self, sentence: str, kind: str | None = None) -> None:
        """Warn, unless a sentence of that kind (by its first words) was said before."""
        kind = kind or sentence[:24]
        if kind not in self._said:
            self._said.add(kind)
            self._warn(sentence)

    def made(self, windows: Single, clamped_share: float, count: int) -> None:
        """Normalised windows are to be quantized; clamped_share, count: of all so far."""
        if len(windows) and (ratio := amplitude_ratio(self._preprocess, windows)) is not None:
            self._ratios.append(ratio)
        if count >= _ENOUGH_WINDOWS and clamped_share > CLAMPED_SHARE:
            self.say(
                f"{clamped_share:.0%} of the inputs are beyond what the model's input can hold: "
                f"{self._reason()}. Its answers mean little",
                "clamped",
            )

    def bad(self, counts: Mapping[int, int]) -> None:
        """Bad samples by channel, so far."""
        if counts:
            channel = next(iter(counts))
            self.say(
                f"channel {channel} has a sample that is no number or out of range: "
                "bad samples are replaced and counted, and windows with them decide nothing",
                "bad",
            )

    def answered(self, lag_s: float, device_s: float, windows: int, dropped: int) -> None:
        """A window was answered; windows, dropped: so many so far."""
        self._lags.append(lag_s)
        stride_s = self._preprocess.stride_samples / self._preprocess.sample_rate_hz
        if len(self._lags) < _LATEST:
            return
        latest = float(np.median(self._lags))
        if self._first_lag is None:
            self._first_lag, self._begun = latest, (windows, dropped)
        slow = f"a window comes every {stride_s * 1e3:.0f} ms, the device computes {device_s * 1e3:.1f} ms for one"
        # What came before the device was there says nothing of how quick it is.
        since, lost = windows - self._begun[0], dropped - self._begun[1]
        if lost > max(_LATEST, since // 20):
            self.say(
                f"late windows are dropped: source, line or device does not keep up. {slow.capitalize()}",
                "late",
            )
        elif latest > self._first_lag + max(0.25, 4 * stride_s):
            self.say(
                f"the lag grows: from {self._first_lag * 1e3:.0f} ms to {latest * 1e3:.0f} ms after a window's "
                f"last sample. {slow.capitalize()}; --late drop keeps to the newest",
                "late",
            )

    def _reason(self) -> str:
        ratio = float(np.median(self._ratios)) if self._ratios else math.nan
        if math.isnan(ratio) or 1 / 3 < ratio < 3:
            return "the samples have another unit (--scale), gain or offset than the recordings it was trained on"
        if ratio < 1:
            return (
                f"amplitudes are {ratio:.1g} of those it was trained on or less, so the samples have another unit "
                "(--scale)"
            )
        return f"amplitudes are about {ratio:,.0f} times those it was trained on, so the samples have another unit (--scale)"


def amplitude_ratio(preprocess: Preprocess, windows: Single) -> float | None:
    """How many times the training recordings' amplitude these normalised windows have, by their median; None
    where the description does not tell."""
    if preprocess.normalise not in ("global", "electrode"):
        return None
    mean, std = float(np.mean(preprocess.mean)), float(np.mean(preprocess.std))
    above = float(np.median(windows)) * std
    if preprocess.log_epsilon is not None:
        return math.exp(min(above, 700.0))
    return (mean + above) / mean if mean > 0 else None
