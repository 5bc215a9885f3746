"""A tensor on its way through the lowering: the ONNX view of it and where its numbers really lie.

ONNX says (N, C, H, W); the TensorFlow tensor is (N, H, W, C). A Flatten after that is (N, C*H*W) to
ONNX, while memory still holds H, W, C in turn. Instead of moving data, a `Value` remembers, for each
ONNX axis, the factors it is made of ("atoms"), and in which order the TensorFlow tensor holds these
atoms. Transposes and most reshapes then only rename atoms; whoever needs one certain arrangement
asks for it, and a dense layer permutes its weights at conversion time instead.

Axes of size 1 have no atoms, so they cost nothing to insert, move or drop. The batch is always 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.nets.ranges import Range

Atom = tuple[int, int]
"""(ONNX axis, position within that axis, the most significant first)."""

_NEXT_TO_ONE = float(np.nextafter(np.float32(1), np.float32(0)))

# ONNX axis held by each TensorFlow axis of an image; None is an axis of size 1 that ONNX does not have.
_CHANNELS_LAST: dict[int, tuple[int | None, ...]] = {3: (0, 2, None, 1), 4: (0, 2, 3, 1)}


@dataclass(frozen=True)
class Value:
    """`dims[a]`: sizes (each > 1) of the atoms of ONNX axis a; `order[t]`: atoms of TensorFlow axis t.

    `nonnegative` is set where every number is known to be 0 or more; `range` says what int8 will hold of it.
    """

    tensor: Any
    dims: tuple[tuple[int, ...], ...]
    order: tuple[tuple[Atom, ...], ...]
    nonnegative: bool = False
    range: Range | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The ONNX shape."""
        return tuple(prod(sizes) for sizes in self.dims)

    @property
    def rank(self) -> int:
        return len(self.dims)

    @property
    def flat(self) -> tuple[Atom, ...]:
        """All atoms in the order in which memory holds them."""
        return tuple(atom for group in self.order for atom in group)

    def size(self, atom: Atom) -> int:
        return self.dims[atom[0]][atom[1]]

    def with_tensor(self, tensor: Any, nonnegative: bool = False) -> Value:
        """Another tensor of the same arrangement, as elementwise operators make."""
        return replace(self, tensor=tensor, nonnegative=nonnegative, range=None)

    def within(self, found: Range) -> Value:
        """The same, rounded to the steps of a range: TFLiteConverter gives the int8 tensor exactly this one."""
        import tensorflow as tf

        held = tf.quantization.fake_quant_with_min_max_args(self.tensor, found.low, found.high)
        return replace(self, tensor=held, range=found)

    def held(self, wanted: Range | None) -> Value:
        """The same in the steps of a range, where one is wanted and it is not there already.

        The converter joins two roundings in a row and loses one of them.
        """
        if wanted is None or wanted == self.range:
            return self
        if self.range is None:
            return self.within(wanted)
        return replace(self, tensor=rescaled(self.tensor)).within(wanted)


def rescaled(tensor: Any) -> Any:
    """The same numbers behind a LEAKY_RELU whose slope is the number next to 1: the converter may give it a scale of
    its own."""
    import tensorflow as tf

    return tf.nn.leaky_relu(tensor, alpha=_NEXT_TO_ONE)


def canonical_axes(rank: int) -> tuple[int | None, ...]:
    """The ONNX axis that each TensorFlow axis of a channels-last value holds."""
    return _CHANNELS_LAST.get(rank, tuple(range(rank)))


def tf_axis(rank: int, axis: int) -> int:
    """Where ONNX axis `axis` of a channels-last value stands in its TensorFlow tensor."""
    return canonical_axes(rank).index(axis)


def canonical(tensor: Any, shape: tuple[int, ...], nonnegative: bool = False) -> Value:
    """Wrap a channels-last tensor whose ONNX shape is `shape`."""
    dims = plain_dims(shape)
    order = tuple(_whole(dims, axis) for axis in canonical_axes(len(shape)))
    return Value(tensor, dims, order, nonnegative)


def plain_axes(tensor: Any, shape: tuple[int, ...], nonnegative: bool = False) -> Value:
    """Wrap a tensor in ONNX's own order and shape."""
    dims = plain_dims(shape)
    return Value(tensor, dims, tuple(_whole(dims, axis) for axis in range(len(shape))), nonnegative)


def channels_last(value: Value) -> Value:
    """The same numbers, arranged channels-last with one TensorFlow axis for each ONNX axis."""
    order = tuple(_whole(value.dims, axis) for axis in canonical_axes(value.rank))
    return canonical(arrange(value, order).tensor, value.shape, value.nonnegative)


def onnx_order(value: Value) -> Value:
    """The same numbers in ONNX's own order and shape."""
    return arrange(value, tuple(_whole(value.dims, axis) for axis in range(value.rank)))


def arrange(value: Value, order: tuple[tuple[Atom, ...], ...]) -> Value:
    """The same numbers with the atoms in `order`: nothing, a reshape, or (where memory moves) a transpose."""
    if order == value.order:
        return value
    import tensorflow as tf

    tensor = value.tensor
    target = tuple(atom for group in order for atom in group)
    if target != value.flat:
        runs = _runs(value.flat, target)
        starts = {run[0]: i for i, run in enumerate(runs)}
        tensor = tf.reshape(tensor, [prod(value.size(a) for a in run) for run in runs])
        tensor = tf.transpose(tensor, [starts[a] for a in target if a in starts])
    shape = [prod(value.size(a) for a in group) for group in order]
    return replace(value, tensor=tf.reshape(tensor, shape), order=order)


def _runs(source: tuple[Atom, ...], target: tuple[Atom, ...]) -> list[tuple[Atom, ...]]:
    """Split `source` into the longest pieces that stay together in `target`, so transposes have few axes."""
    follows = dict(pairwise(target))
    runs: list[tuple[Atom, ...]] = []
    for atom in source:
        if runs and follows.get(runs[-1][-1]) == atom:
            runs[-1] = (*runs[-1], atom)
        else:
            runs.append((atom,))
    return runs


def transpose(value: Value, permutation: tuple[int, ...]) -> Value:
    """ONNX axes in another order: only names change."""
    place = {axis: i for i, axis in enumerate(permutation)}
    order = tuple(tuple((place[axis], k) for axis, k in group) for group in value.order)
    return replace(value, dims=tuple(value.dims[axis] for axis in permutation), order=order)


def reshape(value: Value, shape: tuple[int, ...]) -> Value:
    """The value under another ONNX shape of as many elements; moves memory only when atoms can't be split."""
    if prod(shape) != prod(value.shape):
        raise ValueError(f"{value.shape} does not have the elements of {shape}")
    pieces = _split(value, shape)
    if pieces is None:
        import tensorflow as tf

        return plain_axes(tf.reshape(onnx_order(value).tensor, shape), shape, value.nonnegative)
    dims = tuple(tuple(size for _, size in parts) for parts in pieces)
    renamed: dict[Atom, list[Atom]] = {}
    for axis, parts in enumerate(pieces):
        for k, (atom, _) in enumerate(parts):
            renamed.setdefault(atom, []).append((axis, k))
    order = tuple(tuple(new for atom in group for new in renamed[atom]) for group in value.order)
    return replace(value, dims=dims, order=order)


def _split(value: Value, shape: tuple[int, ...]) -> list[list[tuple[Atom, int]]] | None:
    """For each axis of `shape` the (old atom, size) pieces it is made of; None when boundaries cross."""
    waiting = [((a, k), size) for a, sizes in enumerate(value.dims) for k, size in enumerate(sizes)]
    waiting.reverse()
    result: list[list[tuple[Atom, int]]] = []
    for wanted in shape:
        parts: list[tuple[Atom, int]] = []
        while wanted > 1:
            atom, size = waiting.pop()
            head = min(size, wanted)
            if wanted % head or size % head:
                return None
            parts.append((atom, head))
            wanted //= head
            if size > head:
                waiting.append((atom, size // head))
        result.append(parts)
    return result


def flat_permutation(value: Value, axis: int) -> NDArray[np.int64]:
    """ONNX index along `axis` for each position in memory, for a value whose other axes have size 1."""
    sizes = value.dims[axis]
    order = [k for _, k in value.flat]
    return np.arange(prod(sizes)).reshape(sizes).transpose(order).ravel()


def constant_like(value: Value, constant: NDArray[Any]) -> NDArray[Any]:
    """A constant that ONNX would broadcast against `value`, arranged to broadcast against its tensor.

    Raises ValueError when the constant does not broadcast to the value's shape.
    """
    array = constant.reshape((1,) * (value.rank - constant.ndim) + constant.shape)
    if array.ndim != value.rank or any(
        c not in (1, v) for c, v in zip(array.shape, value.shape, strict=True)
    ):
        raise ValueError(f"a constant of shape {constant.shape} does not broadcast to {value.shape}")
    atoms = [(a, k) for a, sizes in enumerate(value.dims) for k in range(len(sizes))]
    sizes = [value.size(atom) if array.shape[atom[0]] > 1 else 1 for atom in atoms]
    place = {atom: i for i, atom in enumerate(atoms)}
    array = array.reshape(sizes).transpose([place[atom] for atom in value.flat])
    return _group(array, value)


def _group(array: NDArray[Any], value: Value) -> NDArray[Any]:
    """Join the atom axes of `array` into TensorFlow axes, spelling out those that broadcast only in part."""
    full: list[int] = []
    joined: list[int] = []
    done = 0
    for group in value.order:
        sizes = array.shape[done : done + len(group)]
        done += len(group)
        whole = [value.size(atom) for atom in group] if prod(sizes) > 1 else [1] * len(group)
        full.extend(whole)
        joined.append(prod(whole))
    return np.ascontiguousarray(np.broadcast_to(array, full).reshape(joined))


def follow(leader: Value, other: Value) -> Value | None:
    """`other` arranged to broadcast against the leader's tensor, or None when their atoms do not match."""
    lead = leader.rank - other.rank
    if lead < 0:
        return None
    moved = tuple(tuple((axis + lead, k) for axis, k in group) for group in other.order)
    other = replace(other, dims=((),) * lead + other.dims, order=moved)
    if any(mine not in ((), theirs) for mine, theirs in zip(other.dims, leader.dims, strict=True)):
        return None
    order: list[tuple[Atom, ...]] = []
    for group in leader.order:
        kept = tuple(atom for atom in group if other.dims[atom[0]])
        if kept and kept != group:
            return None
        order.append(kept)
    return arrange(other, tuple(order))


def plain_dims(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """One atom for each axis of `shape`, none for axes of size 1."""
    return tuple((size,) if size > 1 else () for size in shape)


def _whole(dims: tuple[tuple[int, ...], ...], axis: int | None) -> tuple[Atom, ...]:
    return () if axis is None else tuple((axis, k) for k in range(len(dims[axis])))
