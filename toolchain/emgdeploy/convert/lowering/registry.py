"""What a lowering is given, and how it announces the operators it lowers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.value import Value
from emgdeploy.errors import InputError
from emgdeploy.nets.ranges import Range
from emgdeploy.text import printable

Operand = Value | NDArray[Any] | None
"""A tensor that depends on the input, a constant, or an optional input left out."""

Lowering = Callable[["Node"], Value | tuple[Value, ...]]
_Lowering = TypeVar("_Lowering", bound=Lowering)

LOWERINGS: dict[str, Lowering] = {}


@dataclass(frozen=True)
class Node:
    """One ONNX operator with its operands in order (constants as arrays) and its decoded attributes.

    `range`: what int8 will hold of its first output; None in the float network, or where TFLite says it.
    `in_rows`: it is a part of a normalization, so that nothing may move in memory.
    `enough`: what it needs to hold of it, also where the next operator is fused and its range counts.
    `inside`: the ranges of all tensors and of the parts of recurrent layers, by name.
    """

    op: str
    name: str
    operands: tuple[Operand, ...]
    attributes: Mapping[str, Any]
    outputs: tuple[str, ...] = ()
    range: Range | None = None
    enough: Range | None = None
    in_rows: bool = False
    inside: Mapping[str, Range] = field(default_factory=dict)

    def fail(
        self, reason: str, hint: str = "change the network, or export it with another operator"
    ) -> InputError:
        """The error to raise: names the node and its operator."""
        return InputError(f"ONNX node {printable(self.name)!r} ({printable(self.op)}) {reason}", hint)

    def value(self, position: int = 0) -> Value:
        """The operand at `position`, which must depend on the input."""
        operand = self._operand(position)
        if isinstance(operand, Value):
            return operand
        raise self.fail(f"has a constant as input {position}, where only a computed tensor is supported")

    def constant(self, position: int) -> NDArray[Any]:
        """The operand at `position`, which must be a constant."""
        operand = self._operand(position)
        if isinstance(operand, np.ndarray):
            return operand
        raise self.fail(f"computes its input {position}, where only a constant is supported")

    def optional_constant(self, position: int) -> NDArray[Any] | None:
        """The constant at `position`, or None where the node leaves it out."""
        return None if self._operand(position) is None else self.constant(position)

    def ints(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """A list attribute with its default."""
        return tuple(int(i) for i in self.attributes.get(name, default))

    def number(self, name: str, default: float) -> float:
        return float(self.attributes.get(name, default))

    def integer(self, name: str, default: int) -> int:
        return int(self.attributes.get(name, default))

    def axis(self, default: int, rank: int, name: str = "axis") -> int:
        """An axis attribute, counted from the front."""
        return self.normal_axis(self.integer(name, default), rank)

    def normal_axis(self, axis: int, rank: int) -> int:
        if not -rank <= axis < rank:
            raise self.fail(f"names axis {axis} of a tensor of rank {rank}")
        return axis % rank

    def _operand(self, position: int) -> Operand:
        return self.operands[position] if position < len(self.operands) else None


def lowers(*ops: str) -> Callable[[_Lowering], _Lowering]:
    """Announce the function that lowers these ONNX operators."""

    def announce(function: _Lowering) -> _Lowering:
        for op in ops:
            LOWERINGS[op] = function
        return function

    return announce
