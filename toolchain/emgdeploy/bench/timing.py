"""Times and what they must be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EMULATED = "emulated-instructions"
EMULATED_GATE = 0.01
"""On an emulated board instructions are counted, not sampled: this much off is another program."""


@dataclass(frozen=True)
class Timing:
    """expected, measured: instructions (or cycles) per inference; gate: largest |ratio - 1| allowed.

    None where there is nothing to compare with.
    """

    expected: int | None
    measured: int | None
    ratio: float | None
    gate: float | None

    @property
    def held(self) -> bool:
        """Whether the gate holds, or there is none."""
        return self.gate is None or self.ratio is None or abs(self.ratio - 1.0) <= self.gate


def compare(expected: int | None, cycles: NDArray[np.float64], source: str, gate: float | None) -> Timing:
    """gate: the user's; None for the habit: 1% on emulated boards, none elsewhere."""
    measured = round(float(np.median(cycles))) if len(cycles) else None
    if gate is None and source == EMULATED:
        gate = EMULATED_GATE
    if expected is None or measured is None or (source != EMULATED and gate is None):
        return Timing(expected, measured, None, None)
    return Timing(expected, measured, measured / expected, gate)


def spread(seconds: NDArray[np.float64]) -> dict[str, float | None]:
    """p50, p99 and max in microseconds; None without any value."""
    if not len(seconds):
        return {"p50": None, "p99": None, "max": None}
    micro = np.asarray(seconds) * 1e6
    return {
        "p50": round(float(np.percentile(micro, 50)), 3),
        "p99": round(float(np.percentile(micro, 99)), 3),
        "max": round(float(micro.max()), 3),
    }


def extremes(cycles: NDArray[np.float64]) -> dict[str, int | None]:
    """min, p50 and max."""
    if not len(cycles):
        return {"min": None, "p50": None, "max": None}
    return {"min": int(cycles.min()), "p50": round(float(np.median(cycles))), "max": int(cycles.max())}
