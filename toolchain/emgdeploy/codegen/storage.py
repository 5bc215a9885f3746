"""Which tensors need bytes of their own, and from which step to which step."""

from __future__ import annotations

from dataclasses import dataclass

from emgdeploy.codegen.step import Step
from emgdeploy.graph.types import Graph


@dataclass(frozen=True)
class Buffer:
    """`size` bytes that hold `owner` from step `born` to step `dies`, both included.

    `owner` is a tensor index, or the negative number -1 - step for that step's scratch. The
    model's input is born before the first step (-1); its output lives past the last.
    """

    owner: int
    size: int
    born: int
    dies: int

    def meets(self, other: Buffer) -> bool:
        """Whether both hold something at the same time."""
        return self.born <= other.dies and other.born <= self.dies


def roots(graph: Graph) -> dict[int, int]:
    """Tensor -> the tensor whose bytes it is: views such as RESHAPE own none."""
    root: dict[int, int] = {}
    for tensor in graph.live_tensors():
        root[tensor.index] = tensor.index
    for op in graph.ops:
        if op.kind.view:
            root[op.outputs[0]] = root[op.inputs[0]]
    return root


def buffers(graph: Graph, steps: tuple[Step, ...], root: dict[int, int]) -> tuple[Buffer, ...]:
    """One buffer for every tensor that owns bytes and for every step's scratch."""
    born = {root[t]: -1 for t in graph.inputs}
    dies = dict(born)
    for i, step in enumerate(steps):
        born.setdefault(root[step.writes], i)
        dies[root[step.writes]] = max(i, dies.get(root[step.writes], i))
        for tensor in step.reads:
            dies[root[tensor]] = i
    for t in graph.outputs:
        dies[root[t]] = len(steps)
    tensors = tuple(Buffer(t, graph.tensors[t].nbytes, born[t], dies[t]) for t in born)
    scratch = tuple(Buffer(-1 - i, s.scratch_bytes, i, i) for i, s in enumerate(steps) if s.scratch_bytes)
    return tensors + scratch
