"""`bench --limit N`: windows of all gestures, in their order, and their numbers in the whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emgdeploy.bench.workload import Workload


def work(classes: list[int], known: bool) -> Workload:
    y = np.zeros((len(classes), 5), np.int8)
    y[np.arange(len(classes)), classes] = 9
    x = np.arange(len(classes), dtype=np.int8)[:, None]
    return Workload(x, y, np.array(classes) if known else None, None, "", "")


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(1, 70), st.booleans())
def test_all_classes_have_their_share(classes: list[int], limit: int, known: bool) -> None:
    found = work(classes, known).spread(limit)
    assert len(found) == min(limit, len(classes))
    numbers = [found.number(index) for index in range(len(found))]
    assert numbers == sorted(set(numbers)) == found.x[:, 0].tolist()
    taken = np.bincount(np.array(classes)[numbers], minlength=5)
    there = np.bincount(classes, minlength=5)
    # No class has two windows more than another that has some left.
    assert all(taken[a] <= taken[b] + 1 for a in range(5) for b in range(5) if taken[b] < there[b])
