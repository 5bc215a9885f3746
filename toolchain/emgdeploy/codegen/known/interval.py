"""What is known of a tensor before any input has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.numerics import type_range
from emgdeploy.graph.types import Tensor

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Range:
    """The least and the greatest value of each element."""

    low: Ints
    high: Ints

    @property
    def known(self) -> NDArray[np.bool_]:
        """(channels,): whether every element of a channel, along the last axis, has one value only."""
        same = self.low == self.high
        return np.asarray(same.reshape(-1, same.shape[-1]).all(axis=0))

    def reshaped(self, shape: tuple[int, ...]) -> Range:
        return self.both(lambda x: x.reshape(shape))

    def both(self, function: Callable[[Ints], Ints]) -> Range:
        """The range of a function that never falls."""
        return Range(function(self.low), function(self.high))


# By tensor index.
Ranges = dict[int, Range]


def is_integer(tensor: Tensor) -> bool:
    return tensor.dtype in (np.int8, np.int16)


def anything(tensor: Tensor) -> Range:
    """All that the tensor's type can hold."""
    low, high = type_range(tensor.dtype)
    return Range(np.full(tensor.shape, low, np.int64), np.full(tensor.shape, high, np.int64))


def constant(tensor: Tensor) -> Range:
    values = np.asarray(tensor.data, np.int64).reshape(tensor.shape)
    return Range(values, values)
