"""What is computed in single precision between two int8 tensors, as a program that runs once for each row.

A row is what a normalization takes its mean over: the elements along the reduced axes, in memory's order. Within a
row every operator runs in the reference's order, each result rounded to float32, so that nothing depends on where
the rows lie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RowStep:
    """`operator` of the earlier values `operands`, then its fused `activation`, both under their schema names."""

    operator: str
    operands: tuple[int, ...]
    activation: str = "NONE"


@dataclass(frozen=True, eq=False)
class Rows:
    """Value 0 is the input; then come the constants, then what each step makes. The last value is the output.

    shape: of the input as the steps see it. reduced: for each of its axes, whether rows run along it.
    constants: float32, each broadcast against `shape`. whole: for each value, whether it has one element for each
    of the row's, or one number.
    """

    shape: tuple[int, ...]
    reduced: tuple[bool, ...]
    constants: tuple[NDArray[np.float32], ...]
    steps: tuple[RowStep, ...]
    whole: tuple[bool, ...]
