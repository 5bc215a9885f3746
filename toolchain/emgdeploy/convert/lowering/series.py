"""What the lowerings of all recurrent layers need: directions, checks, and the series before and after."""

from __future__ import annotations

from typing import Any

import numpy as np

from emgdeploy.convert.lowering.registry import Node
from emgdeploy.convert.lowering.value import Atom, Value, onnx_order, plain_dims

_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
_LENGTHS = 4


def directions(node: Node, starts: tuple[int, ...], last: str = "") -> tuple[bool, ...]:
    """For each direction whether it runs backward.

    starts: positions of the states that it starts from; last: what the operand behind them is, which is refused.
    """
    name = _text(node.attributes.get("direction", "forward"))
    if name not in _DIRECTIONS:
        raise node.fail(f"has the direction {name!r}")
    if node.integer("layout", 0):
        raise node.fail("has its batch first (layout 1), which is not supported")
    for position, what in ((_LENGTHS, "lengths of sequences"), (starts[-1] + 1, last)):
        if len(node.operands) > position and node.operands[position] is not None:
            raise node.fail(f"has {what}, which are not supported")
    for position in starts:
        start = node.optional_constant(position)
        if start is not None and np.any(start):
            raise node.fail("starts from a state that is not 0")
    return _DIRECTIONS[name]


def activations(node: Node) -> tuple[str, ...]:
    """The names that the node gives, none where it leaves them to ONNX."""
    return tuple(_text(name) for name in node.attributes.get("activations", ()))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def series(node: Node) -> Any:
    """The layer's input (1, steps, depth)."""
    import tensorflow as tf

    image = onnx_order(node.value()).tensor
    steps, batch, depth = image.shape
    if batch != 1:
        raise node.fail(f"runs over {batch} sequences at once, where one is supported")
    return tf.reshape(image, (1, steps, depth))


def turned(series: Any, backward: bool) -> Any:
    """The steps in the other order: as a slice, which keeps its scale where the converter's REVERSE_V2 does not."""
    return series[:, ::-1, :] if backward else series


def joined(tensor: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Value:
    """`tensor` holds the named axes of `shape` in their order; the last ones are joined into its last axis."""
    dims = plain_dims(shape)
    atoms: list[Atom] = [(axis, 0) for axis in axes if dims[axis]]
    steps = len(tensor.shape) == 3
    first = tuple(atom for atom in atoms if steps and atom[0] == 0)
    rest = tuple(atom for atom in atoms if atom not in first)
    return Value(tensor, dims, ((), first, rest) if steps else ((), rest))
