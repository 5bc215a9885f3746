"""Windows to prove a firmware on when nobody brought any: they find wrong arithmetic, not accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SEED = 7


def probes(shape: tuple[int, ...], dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    """(count, *shape) windows of `dtype`, always the same ones.

    In turn: noise over the whole range, smooth noise (neighbours alike, as in a real image), and one
    value everywhere, among them both extremes. Float windows lie in [-1, 1].
    """
    rng = np.random.default_rng(_SEED)
    kinds = (_noise, _smooth, _constant)
    unit = np.stack([kinds[i % 3](rng, shape, i // 3) for i in range(count)])
    if dtype.kind == "f":
        return unit.astype(dtype)
    limits = np.iinfo(dtype)
    middle, half = (limits.max + limits.min) / 2, (limits.max - limits.min) / 2
    return np.clip(np.rint(middle + half * unit), limits.min, limits.max).astype(dtype)


def _noise(rng: np.random.Generator, shape: tuple[int, ...], turn: int) -> NDArray[np.float64]:
    return rng.uniform(-1, 1, shape)


def _smooth(rng: np.random.Generator, shape: tuple[int, ...], turn: int) -> NDArray[np.float64]:
    image = rng.standard_normal(shape)
    for axis in range(len(shape)):
        image = (np.roll(image, 1, axis) + 2 * image + np.roll(image, -1, axis)) / 4
    return np.tanh(3 * image / (np.abs(image).max() or 1.0))


def _constant(rng: np.random.Generator, shape: tuple[int, ...], turn: int) -> NDArray[np.float64]:
    value = (1.0, -1.0, 0.0)[turn] if turn < 3 else rng.uniform(-1, 1)
    return np.full(shape, value)
