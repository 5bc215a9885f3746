"""Damaged .tflite files: small seeds of every operator, and what may happen to their bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import tflite

from support.models.maker import Maker, Value
from support.random_models import random_layout as layout
from support.random_models.random_graphs import IMAGE_LAYERS, LAYERS, Layer

LARGEST_SEED = 8192
_INTERESTING = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    127,
    128,
    255,
    256,
    32767,
    32768,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
)
_REALS = (0.0, -0.0, 1.0, -1.0, 1e-45, 1e-30, 1e-10, 1e10, 1e30, 3.4e38, float("inf"), float("nan"))


def seeds() -> dict[str, bytes]:
    """A network of each layer in both types, and some whole ones; all under 8 KB."""
    found: dict[str, bytes] = {}
    for dtype in ("int8", "int16"):
        for made in (*IMAGE_LAYERS, *LAYERS, layout.image_again):
            found[f"{made.__name__} {dtype}"] = _small(made, dtype)
    return found


def _small(made: Layer, dtype: str) -> bytes:
    for seed in range(100):
        m = Maker(seed, dtype)
        image = m.value((1, m.number(2, 4), m.number(2, 4), m.number(1, 3)))
        m.values.append(image)
        y: Value = made(m, image)
        y = y if y.shape[0] == 1 else m.reshaped(y, (1, *y.shape))
        data = m.writer.finish([image.index], [y.index])
        if len(data) < LARGEST_SEED:
            return data
    raise AssertionError(f"no small network of {made.__name__}")


class Mutator:
    """One seed's bytes; half of all mutations stay outside its constants' data."""

    def __init__(self, data: bytes, rng: np.random.Generator) -> None:
        self.data = data
        self.rng = rng
        self.structure = _structure(data)

    def __call__(self) -> bytes:
        bytes_ = bytearray(self.data)
        for _ in range(1 + int(self.rng.integers(0, 3)) * int(self.rng.random() < 0.4)):
            where = self._place()
            change = CHANGES[int(self.rng.integers(len(CHANGES)))]
            if len(bytes_) > 4:
                bytes_ = change(bytes_, min(where, len(bytes_) - 4), self.rng)
        return bytes(bytes_)

    def _place(self) -> int:
        """A byte outside the constants half of the time, and any byte otherwise."""
        if self.rng.random() < 0.5:
            return int(self.structure[int(self.rng.integers(self.structure.size))])
        return int(self.rng.integers(len(self.data)))


def _structure(data: bytes) -> np.ndarray:
    """Places of words that are tables, offsets, sizes and quantization: all but buffers' data."""
    model = tflite.Model.GetRootAs(data, 0)
    inside = np.ones(len(data), bool)
    for i in range(model.BuffersLength()):
        values = model.Buffers(i).DataAsNumpy()
        if isinstance(values, np.ndarray):
            start = (
                values.__array_interface__["data"][0]
                - np.frombuffer(data, np.uint8).__array_interface__["data"][0]
            )
            inside[start : start + values.nbytes] = False
    return np.flatnonzero(inside)[::4] // 4 * 4


def _flip(data: bytearray, at: int, rng: np.random.Generator) -> bytearray:
    data[at] ^= 1 << int(rng.integers(8))
    return data


def _byte(data: bytearray, at: int, rng: np.random.Generator) -> bytearray:
    data[at] = int(rng.integers(256))
    return data


def _word(data: bytearray, at: int, rng: np.random.Generator) -> bytearray:
    data[at : at + 4] = struct.pack("<I", _INTERESTING[int(rng.integers(len(_INTERESTING)))])
    return data


def _nudge(data: bytearray, at: int, rng: np.random.Generator) -> bytearray:
    (value,) = struct.unpack("<I", (bytes(data[at : at + 4]) + bytes(4))[:4])
    data[at : at + 4] = struct.pack("<I", (value + int(rng.integers(-5, 6))) % 2**32)
    return data


def _real(data: bytearray, at: int, rng: np.random.Generator) -> bytearray:
    data[at : at + 4] = struct.pack("<f", _REALS[int(rng.integers(len(_REALS)))])
    return data


def _swap(data: bytearray, at: int, rng: np.random.Generator) -> bytearray:
    """A word from elsewhere in the file: an offset or size that means something."""
    other = int(rng.integers(max(len(data) - 4, 1)))
    data[at : at + 4] = data[other : other + 4]
    return data


def _cut(data: bytearray, at: int, rng: np.random.Generator) -> bytearray:
    return data[:at] if rng.random() < 0.3 else data[:at] + data[at + int(rng.integers(1, 9)) :]


def _insert(data: bytearray, at: int, rng: np.random.Generator) -> bytearray:
    return data[:at] + bytes(rng.integers(0, 256, int(rng.integers(1, 9)), np.uint8)) + data[at:]


# What keeps the file whole is tried more often: a file cut short is refused early.
CHANGES: tuple[Callable[[bytearray, int, np.random.Generator], bytearray], ...] = (
    _flip, _flip, _byte, _byte, _word, _word, _word, _nudge, _nudge, _nudge, _real, _real, _swap, _swap, _cut, _insert,
)  # fmt: skip
