"""When the vectors' requantization is exact, and what it needs stored.

VQRDMULH is the reference's doubling high multiply. VRSHL rounds ties up; less one for a negative
number that is the reference's rounding shift, for every shift to the right of 1 to 31.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.exact.fixedpoint import requantize
from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.graph.numerics import Multiplier

_LEAST_SHIFT, _GREATEST_SHIFT = -31, -1


@dataclass(frozen=True)
class VectorForm:
    """Per channel: starting sum, 31-bit multiplier, shift (negative: to the right)."""

    bias: NDArray[np.int64]
    multiplier: NDArray[np.int64]
    shift: NDArray[np.int64]


def vector_form(channels: Channels, matrix: NDArray[np.int64]) -> VectorForm | None:
    """The constants of (channels, taps) weights; None when a channel needs the general form.

    A channel without weights has one output; its constants are replaced where they do not qualify.
    """
    bias = channels.bias.astype(np.int64)
    multiplier = channels.multiplier.astype(np.int64)
    shift = channels.shift.astype(np.int64)
    for c in np.flatnonzero((shift < _LEAST_SHIFT) | (shift > _GREATEST_SHIFT)):
        if matrix[c].any():
            return None
        value = requantize(bias[c : c + 1], Multiplier(int(multiplier[c]), int(shift[c])))[0]
        # 4 * d at half scale and one shift gives back d, whatever its sign.
        least, greatest = channels.low - channels.zero_point, channels.high - channels.zero_point
        bias[c], multiplier[c], shift[c] = 4 * np.clip(value, least, greatest), 2**30, -1
    return VectorForm(bias, multiplier, shift)


def saturates(channels: Channels) -> bool:
    """Whether outputs are rectified at -128, and saturation is the only clamping."""
    return channels.low == channels.zero_point == -128 and channels.high == 127
