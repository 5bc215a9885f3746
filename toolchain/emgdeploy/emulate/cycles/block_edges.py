"""Counts, per layer, how often each block of code followed each other one."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emgdeploy.emulate.cycles.image import Function, Image
from emgdeploy.emulate.cycles.machine import SIZE_BITS, Recording

OUTSIDE = -1
"""The "layer" of what runs before the first and after the last one."""

ENTRY = (1 << 64) - 1
"""The "block" before the first one."""


class Edge(NamedTuple):
    """`block` ran right behind `previous` (both address << SIZE_BITS | size) while in `layer`."""

    layer: int
    previous: int
    block: int


class Unaligned(NamedTuple):
    """The instruction at `address` in `block` took `extra` accesses more than an aligned one."""

    layer: int
    block: int
    address: int
    extra: int


class EdgeCounter:
    """Takes a run's blocks piece by piece.

    A layer begins with a call of a function from `driver`, the function that calls one kernel after
    the other, and lasts to the next such call; `caller`, which calls the driver, ends the last one.
    """

    def __init__(self, image: Image, driver: Function, caller: Function) -> None:
        self.counts: Counter[Edge] = Counter()
        self.reads: Counter[tuple[int, int]] = Counter()
        self.unaligned: Counter[Unaligned] = Counter()
        self.calls = 0
        self._driver, self._caller = driver, caller
        self._entries = np.array([function.start for function in image.functions], np.uint64)
        self.last = ENTRY
        self._outside = True

    def add(self, piece: Recording) -> None:
        """Count the next blocks of the run, and the reads of watched memory by (layer, block)."""
        if not piece.blocks:
            return
        follow = np.frombuffer(piece.blocks, np.uint64).copy()
        before = np.concatenate((np.array([self.last], np.uint64), follow[:-1]))
        layer = self._layers(before, follow)
        self._count(before, follow, layer)
        for place in piece.reads:
            self.reads[int(layer[place]), int(follow[place])] += 1
        for place, address, extra in piece.unaligned:
            self.unaligned[Unaligned(int(layer[place]), int(follow[place]), address, extra)] += 1
        self.last = int(follow[-1])

    def _layers(self, before: NDArray[Any], follow: NDArray[Any]) -> NDArray[Any]:
        """Which layer each block belongs to."""
        to = follow >> np.uint64(SIZE_BITS)
        calls = self._within(before, self._driver) & ~self._within(follow, self._driver)
        calls &= np.isin(to, self._entries)
        number = self.calls + np.cumsum(calls) - 1
        # Code of the driver before its first call, and the caller, are outside of all layers.
        outside = self._within(follow, self._caller) if self._caller != self._driver else np.zeros_like(calls)
        left = _last_true(outside, self._outside) > _last_true(calls, not self._outside)
        self.calls += int(calls.sum())
        self._outside = bool(left[-1])
        return np.where(left, OUTSIDE, number)

    def _within(self, blocks: NDArray[Any], function: Function) -> NDArray[Any]:
        address = blocks >> np.uint64(SIZE_BITS)
        return (address >= function.start) & (address < function.end)

    def _count(self, before: NDArray[Any], follow: NDArray[Any], layer: NDArray[Any]) -> None:
        known, place = np.unique(np.concatenate((before, follow)), return_inverse=True)
        first, second = place[: len(before)], place[len(before) :]
        keys = ((layer + 1) * len(known) + first) * len(known) + second
        found, times = np.unique(keys, return_counts=True)
        for key, count in zip(found.tolist(), times.tolist(), strict=True):
            rest, second_id = divmod(key, len(known))
            layer_id, first_id = divmod(rest, len(known))
            edge = Edge(layer_id - 1, int(known[first_id]), int(known[second_id]))
            self.counts[edge] += count


def _last_true(flags: NDArray[Any], at_start: bool) -> NDArray[Any]:
    """For each place, where the last true flag up to it is: its index + 1, 0 for before, else -1."""
    places = np.where(flags, np.arange(1, len(flags) + 1), 0 if at_start else -1)
    return np.maximum.accumulate(places)
