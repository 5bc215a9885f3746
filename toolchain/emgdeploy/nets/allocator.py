"""What a training step frees, the next step takes again."""

from __future__ import annotations

import contextlib
import ctypes

# <malloc.h> of glibc.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_KEPT = 1 << 30


def keep_freed_memory() -> None:
    """Have the C library keep what is freed, up to 1 GiB, instead of handing it back to the system.

    A step frees every large tensor and needs as many again; each that comes anew from the system arrives page
    by page (mallopt(3)), up to a third of a step's time on a CPU (benchmarks/training.py). Does nothing where
    the C library has no mallopt.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
