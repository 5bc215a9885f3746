"""Operators that only rename axes: no numbers change, and on the device nothing happens."""

from __future__ import annotations

from math import prod

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.value import Value, reshape, transpose


@lowers("Flatten")
def flatten(node: Node) -> Value:
    """(d0, ..., dn) -> (product before axis, product from axis on)."""
    x = node.value()
    axis = node.integer("axis", 1)
    axis = axis if axis == x.rank else node.normal_axis(axis, x.rank)
    return reshape(x, (prod(x.shape[:axis]), prod(x.shape[axis:])))


@lowers("Reshape")
def reshape_(node: Node) -> Value:
    """A shape in which 0 keeps a size and -1 is what remains."""
    x = node.value()
    wanted = [int(size) for size in node.constant(1).ravel()]
    if not node.integer("allowzero", 0):
        wanted = [x.shape[i] if size == 0 and i < x.rank else size for i, size in enumerate(wanted)]
    known = prod(size for size in wanted if size != -1)
    total = prod(x.shape)
    if wanted.count(-1) > 1 or min(wanted, default=1) < -1 or known == 0 or total % known:
        raise node.fail(f"reshapes {x.shape} to {tuple(wanted)}")
    shape = tuple(total // known if size == -1 else size for size in wanted)
    if prod(shape) != total:
        raise node.fail(f"reshapes {x.shape} to {shape}")
    return reshape(x, shape)


@lowers("Squeeze")
def squeeze(node: Node) -> Value:
    """Drop axes of size 1; opset 13 moved them from an attribute to an input."""
    x = node.value()
    given = _axes(node)
    axes = (
        {node.normal_axis(a, x.rank) for a in given}
        if given
        else {a for a, n in enumerate(x.shape) if n == 1}
    )
    if any(x.shape[axis] != 1 for axis in axes):
        raise node.fail(f"drops axes {sorted(axes)} of shape {x.shape}, which are not all 1")
    return reshape(x, tuple(size for axis, size in enumerate(x.shape) if axis not in axes))


@lowers("Unsqueeze")
def unsqueeze(node: Node) -> Value:
    """Insert axes of size 1."""
    x = node.value()
    given = _axes(node)
    rank = x.rank + len(given)
    axes = {node.normal_axis(a, rank) for a in given}
    if len(axes) != len(given):
        raise node.fail(f"inserts an axis twice: {given}")
    sizes = iter(x.shape)
    return reshape(x, tuple(1 if axis in axes else next(sizes) for axis in range(rank)))


@lowers("Transpose")
def transpose_(node: Node) -> Value:
    """Axes in another order."""
    x = node.value()
    permutation = node.ints("perm", tuple(reversed(range(x.rank))))
    if sorted(permutation) != list(range(x.rank)):
        raise node.fail(f"permutes {x.rank} axes by {permutation}")
    return transpose(x, permutation)


def _axes(node: Node) -> tuple[int, ...]:
    given = node.optional_constant(1)
    return node.ints("axes", ()) if given is None else tuple(int(axis) for axis in given.ravel())
