"""Normalizations that a file computes in float32 between two int8 tensors, each made one operator.

LayerNorm, RMSNorm, GroupNorm and InstanceNorm lose their small differences in int8: what lies between DEQUANTIZE and
QUANTIZE is kept in single precision, operator by operator as the file spells it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.editing import without_unread
from emgdeploy.graph.operators.conversion import DEQUANTIZE, QUANTIZE
from emgdeploy.graph.operators.float_rows import FLOAT_ROWS
from emgdeploy.graph.operators.reduction import MEAN
from emgdeploy.graph.rows import Rows, RowStep
from emgdeploy.graph.types import Activation, Graph, Op

_INT8, _FLOAT32 = np.dtype(np.int8), np.dtype(np.float32)
_ARITHMETIC = frozenset(
    {
        "ABS", "ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "NEG", "RELU", "RSQRT", "SQRT", "SQUARE",
        "SQUARED_DIFFERENCE", "SUB",
    }
)  # fmt: skip
_MOST_OPERATORS = 60


@dataclass(frozen=True)
class Normalization:
    """Operators of the file, in order, that make the int8 tensor `exit` of the int8 tensor `entry` by `rows`."""

    ops: tuple[Op, ...]
    entry: int
    exit: int
    rows: Rows


class _NoRows(Exception):
    """Not of this kind: left to the rules, which say what is wrong with it."""


def float_rows(graph: Graph) -> Graph:
    """The graph with one FLOAT_ROWS for each. Works on graphs that are not validated yet."""
    found = {one.ops[-1].index: one for one in normalizations(graph)}
    if not found:
        return graph
    ops = tuple(
        Op(op.index, FLOAT_ROWS, (found[op.index].entry,), op.outputs, rows=found[op.index].rows)
        if op.index in found
        else op
        for op in graph.ops
    )
    return graph.with_ops(
        without_unread(graph, ops, {op.index for one in found.values() for op in one.ops[:-1]})
    )


def normalizations(graph: Graph) -> list[Normalization]:
    """Those that there are, in the file's order."""
    makers = graph.producers()
    found = []
    for op in graph.ops:
        if op.kind is not QUANTIZE or graph.out(op).dtype != _INT8:
            continue
        ops = _behind(graph, makers, op)
        entries = {_seen(makers, one.inputs[0]) for one in ops if one.kind is DEQUANTIZE}
        if len(entries) != 1 or graph.tensors[min(entries)].dtype != _INT8:
            continue
        with suppress(_NoRows):
            rows = _Program(graph, ops).rows
            found.append(Normalization(ops, entries.pop(), op.outputs[0], rows))
    return found


def _seen(makers: dict[int, Op], index: int) -> int:
    """The tensor whose bytes this one is, however views show them."""
    maker = makers.get(index)
    return _seen(makers, maker.inputs[0]) if maker is not None and maker.kind.view else index


def _behind(graph: Graph, makers: dict[int, Op], last: Op) -> tuple[Op, ...]:
    """Everything in float32 that `last` depends on, from DEQUANTIZE on; nothing where it is too much."""
    inside: dict[int, Op] = {last.index: last}
    waiting = list(last.inputs)
    while waiting and len(inside) <= _MOST_OPERATORS:
        maker = makers.get(waiting.pop())
        if maker is None or maker.index in inside:
            continue
        inside[maker.index] = maker
        if maker.kind is not DEQUANTIZE:
            waiting.extend(i for i in maker.inputs if i >= 0 and graph.tensors[i].dtype == _FLOAT32)
    return tuple(op for op in graph.ops if op.index in inside) if len(inside) <= _MOST_OPERATORS else ()


class _Program:
    """The steps of one normalization. Raises _NoRows for anything that is none.

    Views may show whole tensors and rows in other shapes: what counts is which row each element belongs to.
    """

    def __init__(self, graph: Graph, ops: tuple[Op, ...]) -> None:
        self._graph = graph
        self._shape, self._reduced = self._axes(ops)
        self._rows = self._row_of_each(self._shape, self._row_shape)
        self._constants: list[NDArray[np.float32]] = []
        self._steps: list[tuple[str, tuple[int, ...], Activation]] = []
        self._whole: dict[int, bool] = {0: True}
        # Tensor -> number: 0 the input, above it steps. (Below it are constants.)
        self._numbers = {op.outputs[0]: 0 for op in ops if op.kind is DEQUANTIZE}
        for op in ops[:-1]:
            if op.kind is not DEQUANTIZE:
                self._add(op)
        last = self._computed(ops[-1].inputs[0])
        if last != len(self._steps) or not self._whole[last]:
            raise _NoRows
        self.rows = self._finished()

    def _axes(self, ops: tuple[Op, ...]) -> tuple[tuple[int, ...], tuple[bool, ...]]:
        """The shape and the axes of the first mean."""
        first = next((op for op in ops if op.kind is MEAN), None)
        if first is None:
            raise _NoRows
        shape = self._graph.tensors[first.inputs[0]].shape
        axes = self._reduced_axes(first)
        return shape, tuple(axis in axes for axis in range(len(shape)))

    def _reduced_axes(self, op: Op) -> frozenset[int]:
        axes = self._graph.tensors[op.inputs[1]].data if len(op.inputs) == 2 and op.inputs[1] >= 0 else None
        rank = len(self._graph.tensors[op.inputs[0]].shape)
        if axes is None or not all(-rank <= int(axis) < rank for axis in np.ravel(axes)):
            raise _NoRows
        return frozenset(int(axis) % rank for axis in np.ravel(axes))

    @property
    def _row_shape(self) -> tuple[int, ...]:
        return tuple(1 if r else d for d, r in zip(self._shape, self._reduced, strict=True))

    def _row_of_each(self, shape: tuple[int, ...], rows: tuple[int, ...]) -> NDArray[np.int64]:
        """Which element of something of shape `rows` goes with each element of `shape`."""
        try:
            return np.broadcast_to(np.arange(prod(rows)).reshape(rows), shape).ravel()
        except ValueError:
            raise _NoRows from None

    def _add(self, op: Op) -> None:
        out = self._graph.out(op)
        if out.constant or out.dtype != _FLOAT32:
            raise _NoRows
        if op.kind.view:
            self._numbers[out.index] = self._computed(op.inputs[0])
        elif op.kind is MEAN:
            self._add_mean(op)
        elif op.kind.name in _ARITHMETIC:
            whole = any(self._whole[self._numbers[i]] for i in op.inputs if i in self._numbers)
            if out.elements != prod(self._shape if whole else self._row_shape):
                raise _NoRows
            self._step(op, tuple(self._operand(i, out.shape, whole) for i in op.inputs), whole)
        else:
            raise _NoRows

    def _add_mean(self, op: Op) -> None:
        shape, axes = self._graph.tensors[op.inputs[0]].shape, self._reduced_axes(op)
        number = self._computed(op.inputs[0])
        if not self._whole[number] or prod(shape) != prod(self._shape):
            raise _NoRows
        kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        if not np.array_equal(self._row_of_each(shape, kept), self._rows):
            raise _NoRows
        self._step(op, (number,), whole=False)

    def _step(self, op: Op, numbers: tuple[int, ...], whole: bool) -> None:
        self._steps.append((op.kind.name, numbers, op.activation))
        self._numbers[op.outputs[0]] = len(self._steps)
        self._whole[len(self._steps)] = whole

    def _computed(self, index: int) -> int:
        if index not in self._numbers:
            raise _NoRows
        return self._numbers[index]

    def _operand(self, index: int, shape: tuple[int, ...], whole: bool) -> int:
        """The number of an operand of an operator that writes this shape."""
        tensor = self._graph.tensors[index]
        if tensor.data is not None:
            return self._constant(np.asarray(tensor.data), shape, whole)
        number = self._computed(index)
        if self._whole[number] == whole:
            alike = tensor.elements == prod(shape)
        else:
            alike = np.array_equal(self._row_of_each(shape, tensor.shape), self._rows)
        if not alike:
            raise _NoRows
        return number

    def _constant(self, values: NDArray[np.generic], shape: tuple[int, ...], whole: bool) -> int:
        """A constant as it repeats along the rows' own axes, without what it repeats."""
        if values.dtype != _FLOAT32:
            raise _NoRows
        try:
            spread = np.broadcast_to(values, shape)
        except ValueError:
            raise _NoRows from None
        kept = np.array(spread.reshape(self._shape if whole else self._row_shape), np.float32)
        for axis in range(kept.ndim):
            first = kept.take([0], axis)
            if bool((first.view(np.uint32) == kept.view(np.uint32)).all()):
                kept = first
        self._constants.append(kept)
        return -len(self._constants)

    def _single(self, number: int) -> bool:
        """Whether a constant is one number in each row."""
        shape = self._constants[-number - 1].shape
        return all(size == 1 for size, reduced in zip(shape, self._reduced, strict=True) if reduced)

    def _finished(self) -> Rows:
        count = len(self._constants)
        moved = {0: 0, **{-1 - i: 1 + i for i in range(count)}}
        moved |= {1 + i: 1 + count + i for i in range(len(self._steps))}
        steps = tuple(
            RowStep(name, tuple(moved[n] for n in numbers), str(activation))
            for name, numbers, activation in self._steps
        )
        whole = (True, *(not self._single(-1 - i) for i in range(count)))
        whole += tuple(self._whole[1 + i] for i in range(len(self._steps)))
        return Rows(self._shape, self._reduced, tuple(self._constants), steps, whole)
