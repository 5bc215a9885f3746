"""What the loops of a file do: a state handed from step to step, a row read and a row written at each.

A WHILE carries every tensor that its condition or body reads, its counters included. What is left here is the body
alone: `Loop` says the rest. Works on graphs that are not validated yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.graph.operators.copies import GATHER
from emgdeploy.graph.operators.layout import CONCATENATION, RESHAPE
from emgdeploy.graph.operators.loop import WHILE
from emgdeploy.graph.operators.pairs import ADD
from emgdeploy.graph.operators.slices import STRIDED_SLICE
from emgdeploy.graph.passes.drop_dead import drop_dead
from emgdeploy.graph.slicing import part_of, slice_lists
from emgdeploy.graph.types import Graph, Loop, Op, Tensor

_HINT = (
    "write the loop so that each step reads one row of its series, hands one state on and appends it to the output; "
    "or convert the network with this tool from PyTorch or ONNX"
)
_MOST_STEPS = 1 << 15
# Operators of bodies are numbered from here on, so that no two of a network have one number.
_NUMBERS = 1 << 16


def with_loops(graph: Graph, subgraph: Callable[[int], Graph]) -> Graph:
    """The graph with a `Loop` in each WHILE. Raises InputError naming one that does anything else."""
    ops = []
    for number, op in enumerate(graph.ops, 1):
        if op.kind is WHILE:
            carried = _Carried(graph, op, *(subgraph(part) for part in op.subgraphs))
            op = carried.written(number * _NUMBERS)
        ops.append(op)
    return graph.with_ops(tuple(ops))


@dataclass(frozen=True)
class _Carried:
    """A WHILE with its parts, by position of what it carries."""

    graph: Graph
    op: Op
    condition: Graph
    body: Graph

    def written(self, first: int) -> Op:
        """The operator as one over rows, the operators of its body numbered from `first`."""
        sizes = {
            len(self.op.inputs),
            len(self.op.outputs),
            len(self.condition.inputs),
            len(self.body.inputs),
            len(self.body.outputs),
        }
        self._need(len(sizes) == 1, "carries other tensors than its body and its condition")
        self._need(all(op.kind is not WHILE for op in self.body.ops), "has a loop inside")
        state, series = self._state_and_series()
        rows = self._rows()
        self._need(bool(rows), "reads no series row by row")
        places = [self.body.inputs.index(row.inputs[0]) for row in rows]
        body = replace(
            self.body,
            inputs=(*(row.outputs[0] for row in rows), self.body.inputs[state]),
            outputs=(self.body.outputs[state],),
        )
        body = drop_dead(body.with_ops(tuple(op for op in body.ops if op not in rows)))
        body = body.with_ops(tuple(replace(op, index=first + op.index) for op in body.ops))
        self._need(not self._read_outside(series), "gives more than the outputs of its steps")
        return replace(
            self.op,
            inputs=tuple(self.op.inputs[place] for place in places),
            outputs=(self.op.outputs[series],),
            loop=Loop(body, self._steps(), self._start(state)),
        )

    def _need(self, holds: bool, predicate: str) -> None:
        if not holds:
            raise InputError(f"{self.graph.where(self.op)} {predicate}", _HINT)

    def _makers(self) -> dict[int, Op]:
        return self.body.producers()

    def _counters(self) -> list[int]:
        """Positions of what begins at 0 and rises by 1."""
        makers = self._makers()
        found = []
        for place, (given, made) in enumerate(zip(self.body.inputs, self.body.outputs, strict=True)):
            op, begin = makers.get(made), self.graph.tensors[self.op.inputs[place]]
            if op is None or op.kind is not ADD or given not in op.inputs or _number(begin) != 0:
                continue
            other = [i for i in op.inputs if i != given]
            if len(other) == 1 and _number(self.body.tensors[other[0]]) == 1:
                found.append(place)
        return found

    def _state_and_series(self) -> tuple[int, int]:
        """Positions of the state, and of the outputs to which each step appends it."""
        counters = self._counters()
        changed = [
            place
            for place, made in enumerate(self.body.outputs)
            if made != self.body.inputs[place] and place not in counters
        ]
        for series in changed:
            for state in changed:
                if len(changed) == 2 and state != series and self._appends(series, self.body.outputs[state]):
                    return state, series
        self._need(False, "carries more or less than one state and the outputs of its steps")
        raise AssertionError

    def _appends(self, place: int, row: int) -> bool:
        """Whether what is carried loses its first row and gets `row` as its last."""
        makers, given = self._makers(), self.body.inputs[place]
        joined = makers.get(self.body.outputs[place])
        if joined is None or joined.kind is not CONCATENATION or joined.axis != 0 or len(joined.inputs) != 2:
            return False
        rest = makers.get(joined.inputs[0])
        if (
            rest is None
            or rest.kind is not STRIDED_SLICE
            or rest.inputs[0] != given
            or joined.inputs[1] != row
        ):
            return False
        lists, shape = slice_lists(self.body, rest), self.body.tensors[given].shape
        if lists is None or len(shape) != 2 or self.body.tensors[row].shape != (1, shape[1]):
            return False
        part = part_of(shape, *lists, rest.masks)
        return part.first == shape[1] and part.shape == (shape[0] - 1, shape[1])

    def _rows(self) -> list[Op]:
        """The operators that take the step's row of something that stays as it is."""
        makers = self._makers()
        counts = {self.body.inputs[place] for place in self._counters()}
        fixed = {g for g, made in zip(self.body.inputs, self.body.outputs, strict=True) if g == made}
        found = []
        for op in self.body.ops:
            if op.kind is not GATHER or op.axis != 0 or op.inputs[0] not in fixed:
                continue
            index = op.inputs[1]
            while index in makers and makers[index].kind is RESHAPE:
                index = makers[index].inputs[0]
            if index in counts:
                found.append(op)
        return found

    def _read_outside(self, series: int) -> bool:
        read = {i for op in self.graph.ops for i in op.inputs} | set(self.graph.outputs)
        return bool(read & {out for place, out in enumerate(self.op.outputs) if place != series})

    def _steps(self) -> int:
        """How often the body runs: while a counter is less than a number."""
        ops = self.condition.ops
        counts = {self.condition.inputs[place] for place in self._counters()}
        compares = len(ops) == 1 and ops[0].kind.name == "LESS" and ops[0].outputs == self.condition.outputs
        self._need(compares and ops[0].inputs[0] in counts, "does not count its steps")
        steps = _number(self.condition.tensors[ops[0].inputs[1]])
        self._need(steps is not None and 0 < steps <= _MOST_STEPS, f"runs {steps} times")
        return steps or 0

    def _start(self, state: int) -> Tensor:
        start = self.graph.tensors[self.op.inputs[state]]
        self._need(start.constant, "starts from a state that is computed")
        return start


def _number(tensor: Tensor) -> int | None:
    """The one integer that a constant holds."""
    if tensor.data is None or tensor.elements != 1 or tensor.dtype != np.int32:
        return None
    return int(np.asarray(tensor.data).reshape(-1)[0])
