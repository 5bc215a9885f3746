"""Functions of one int8 tensor, of however many operators and types, each made one table of 256.

Float islands, diamonds and operators without an int8 form of ours are cut out of the file and run by the reference
interpreter on every input: the table is exact because it is the reference's own answer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.graph.editing import without_unread
from emgdeploy.graph.excerpt import excerpt
from emgdeploy.graph.operators.function import LOOKUP
from emgdeploy.graph.types import Graph, Op

# A .tflite of one input and one output, and the values of its input, in; those of its output out.
Evaluator = Callable[[bytes, NDArray[np.int8]], NDArray[np.int8]]

# Types that tensors have inside of such functions alone.
_BETWEEN = (np.dtype(np.float32), np.dtype(np.bool_))
_INPUTS = np.arange(-128, 128, dtype=np.int8)
# Functions of more operators stay as they are; so many tensors are remembered that a tensor depends on alone.
_MOST_OPERATORS, _MOST_ROOTS = 200, 64


@dataclass(frozen=True)
class Region:
    """Operators, in order, that make the int8 tensor `exit` of nothing but the int8 tensor `entry`."""

    ops: tuple[Op, ...]
    entry: int
    exit: int


def tabulate(graph: Graph, data: bytes, evaluate: Evaluator) -> Graph:
    """The graph with one LOOKUP for each region of the file `data`.

    Works on graphs that are not validated yet. Raises InputError naming what the reference cannot run.
    """
    made: dict[int, Op] = {}
    members: set[int] = set()
    for region in regions(graph):
        table = _table(graph, region, data, evaluate)
        if table is not None:
            last = region.ops[-1]
            made[last.index] = Op(last.index, LOOKUP, (region.entry,), (region.exit,), table=table)
            members |= {op.index for op in region.ops}
    members |= {op.index for op in graph.ops if graph.tensors[op.outputs[0]].dtype in _BETWEEN}
    ops = [made.get(op.index, op) for op in graph.ops]
    return graph.with_ops(without_unread(graph, ops, members - made.keys())) if made else graph


def regions(graph: Graph) -> list[Region]:
    """The shortest function behind each int8 tensor that is not the one operator the compiler has a table for."""
    roots = {i: _own(graph, i) for i in graph.inputs if i >= 0}
    fixed = {i for i, tensor in graph.tensors.items() if tensor.constant}
    makers: dict[int, Op] = {}
    found = []
    for op in graph.ops:
        live = {i for i in op.inputs if i >= 0} - fixed
        out = op.outputs[0]
        if not _pointwise(graph, op, live):
            roots |= {i: _own(graph, i) for i in op.outputs}
            continue
        makers[out] = op
        if not live:
            fixed.add(out)
            continue
        first, *others = (roots.get(i, ()) for i in live)
        common = tuple(root for root in first if all(root in other for other in others))
        roots[out] = (*common, *_own(graph, out))[-_MOST_ROOTS:]
        if common and graph.tensors[out].dtype == np.int8:
            ops = _between(graph, makers, common[-1], out)
            if len(ops) > 1 or (ops and _needs_table(ops[0])):
                found.append(Region(ops, common[-1], out))
    return found


def _own(graph: Graph, index: int) -> tuple[int, ...]:
    return (index,) if graph.tensors[index].dtype == np.int8 else ()


def _needs_table(op: Op) -> bool:
    return op.kind.tabled or (len(op.inputs) == 2 and op.inputs[0] == op.inputs[1])


def _pointwise(graph: Graph, op: Op, live: set[int]) -> bool:
    """Whether each element of the output is a function of the same one of each computed operand."""
    if not (op.kind.tabled or op.kind.elementwise) or len(op.outputs) != 1 or min(op.inputs) < 0:
        return False
    shape = graph.out(op).shape
    return all(
        graph.tensors[i].shape == shape if i in live else graph.tensors[i].elements == 1 for i in op.inputs
    )


def _between(graph: Graph, makers: dict[int, Op], entry: int, last: int) -> tuple[Op, ...]:
    """The operators that make `last` of `entry`, those that make constants included; none where they are too many."""
    inside: dict[int, Op] = {}
    waiting, seen = [last], {entry}
    while waiting and len(inside) <= _MOST_OPERATORS:
        index = waiting.pop()
        if index not in seen and index in makers:
            inside[makers[index].index] = makers[index]
            waiting.extend(makers[index].inputs)
        seen.add(index)
    return tuple(inside[i] for i in sorted(inside)) if len(inside) <= _MOST_OPERATORS else ()


def _table(graph: Graph, region: Region, data: bytes, evaluate: Evaluator) -> tuple[int, ...] | None:
    part = _excerpt(graph, region, data, len(_INPUTS))
    if part is None:
        return None
    try:
        return tuple(evaluate(part, _INPUTS).ravel().tolist())
    except InputError as error:
        found = _one_by_one(_excerpt(graph, region, data, 1), evaluate)
        if found is not None:
            return found
        raise InputError(
            f"{graph.where(region.ops[-1])} ends a function that the reference interpreter cannot compute: "
            f"{error.message}",
            "write it with other operators; ELU, which has no reference kernel, as relu(x) - relu(1 - exp(x))",
        ) from None


def _one_by_one(part: bytes | None, evaluate: Evaluator) -> tuple[int, ...] | None:
    """The table of a function that stops with an error for some inputs, as RSQRT does for negative numbers.

    For those no answer is right: they take that of the nearest input that has one. None where none has.
    """
    answers: dict[int, int] = {}
    for value in _INPUTS if part is not None else ():
        with suppress(InputError):
            answers[int(value)] = int(evaluate(part or b"", value.reshape(1)).ravel()[0])
    if not answers:
        return None
    return tuple(answers[min(answers, key=lambda known: abs(known - int(value)))] for value in _INPUTS)


def _excerpt(graph: Graph, region: Region, data: bytes, count: int) -> bytes | None:
    """The region as a file of its own, for so many values at once."""
    computed = {region.entry, *(i for op in region.ops for i in op.outputs)}
    varying = {i for i in computed if graph.tensors[i].shape == graph.tensors[region.exit].shape}
    return excerpt(data, [op.index for op in region.ops], region.entry, region.exit, varying, count)
