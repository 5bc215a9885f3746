"""float32 functions of the C library, which the reference calls for its tables.

They are not always the real result rounded once: glibc's tanhf is up to two units off, which shows where a
result lies halfway between two steps of int8. The reference links the same library of the same machine, so
calling it here gives its very bits. Where it cannot be called, double arithmetic rounded once stands in.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def _exp(x: float) -> float:
    return math.exp(x) if x < 88.7 else math.inf  # exp(88.8) is beyond float32


_IN_DOUBLE: dict[str, Callable[[float], float]] = {"erfcf": math.erfc, "expf": _exp, "tanhf": math.tanh}


def each(name: str, real: Floats) -> Floats:
    """`expf`, `tanhf` or `erfcf` of every element."""
    function = _function(name)
    return np.array([function(float(x)) for x in real.reshape(-1)], np.float32).reshape(real.shape)


@functools.cache
def _function(name: str) -> Callable[[float], Any]:
    try:
        found = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return _IN_DOUBLE[name]
    found.restype, found.argtypes = ctypes.c_float, [ctypes.c_float]
    return found  # type: ignore[no-any-return]
