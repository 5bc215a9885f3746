"""Samples that come one after the other: from a file, from standard input, in their own time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile
from emgdeploy.signals.single import Single

_HINT = "samples are one row per sampling interval, one column per channel, in millivolts"


def load(path: Path) -> Single:
    """(S, channels) of a .csv table, a .npy array or the array "x" of a .npz. Raises InputError."""
    only = arrayfile.one(arrayfile.read(path, _HINT), arrayfile.ONLY, path, _HINT)
    return checked(only, str(path))


def read_lines(lines: TextIO, rows: int) -> Iterator[Single]:
    """Comma-separated lines in pieces of `rows` (the last may be shorter). Raises InputError naming the line."""
    done, width = 0, None
    while piece := list(islice(lines, rows)):
        try:
            table = np.array([line.split(",") for line in piece], np.float32)
        except ValueError:
            raise InputError(
                f"standard input: line {done + 1} or one soon after is no row of numbers", _HINT
            ) from None
        if width is not None and table.shape[1] != width:
            raise InputError(
                f"standard input: line {done + 1} has {table.shape[1]} columns, not {width}", _HINT
            )
        yield checked(table, "standard input")
        done, width = done + len(piece), table.shape[1]


def pieces(samples: Single, rows: int) -> Iterator[Single]:
    """(S, channels) in pieces of `rows`; the last may be shorter."""
    for first in range(0, len(samples), rows):
        yield samples[first : first + rows]


def paced(parts: Iterable[Single], sample_rate_hz: float) -> Iterator[Single]:
    """Each piece when its last sample would have been taken, counted from the first piece's begin."""
    begun, taken = time.monotonic(), 0
    for part in parts:
        taken += len(part)
        time.sleep(max(0.0, begun + taken / sample_rate_hz - time.monotonic()))
        yield part


def checked(values: NDArray[np.generic], place: str) -> Single:
    """Finite numbers of two axes as float32. Raises InputError naming `place`."""
    if values.ndim != 2 or values.dtype.kind not in "iuf":
        raise InputError(f"{place}: holds {values.dtype} of shape {values.shape}", _HINT)
    samples: Single = values.astype(np.float32)
    if not bool(np.isfinite(samples).all()):
        raise InputError(f"{place}: holds a value that is no finite number", _HINT)
    return samples
