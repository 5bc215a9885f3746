"""Attention masks: places that a huge negative number hides from a softmax.

Such a number would take the whole range of its tensor. In int8 a place is hidden as well by what lies so far below
all others that its share rounds to 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.nets.ranges import Range

# Networks hide by -inf, by float16's or float32's lowest number, by -1e9 or by -1e4.
_HIDES = np.float32(-9e3)
# exp(-8) is less than a twelfth of the softmax's int8 step.
_BELOW = 8.0


def is_mask(values: NDArray[Any]) -> bool:
    """Whether all of them hide."""
    return values.size > 0 and bool(np.all(values <= _HIDES))


def seen(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The values, hidden ones a little below the others."""
    hidden = values <= _HIDES
    if not hidden.any() or hidden.all():
        return values
    return np.where(hidden, values[~hidden].min() - np.float32(_BELOW), values)


def in_range(mask: NDArray[np.float32], held: Range | None) -> NDArray[np.float32]:
    """A constant to be added, whose hiding numbers bring everything to the low end of the sum's range, and no further."""
    if held is None:
        return mask
    return np.where(mask <= _HIDES, np.float32(held.low - held.high), mask).astype(np.float32)
