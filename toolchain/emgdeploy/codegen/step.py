"""One kernel call of the generated model, complete but for its places in the arena."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.places import Plan
from emgdeploy.graph.types import Graph, Op


@dataclass(frozen=True)
class Array:
    """A constant array of the generated C; `role` says which size it is reported under.

    `other_bytes` of an array of weights are parameters woven into it.
    """

    name: str
    ctype: str
    values: NDArray[np.generic]
    role: str = "params"
    other_bytes: int = 0

    @property
    def weights_bytes(self) -> int:
        return int(self.values.nbytes) - self.other_bytes if self.role == "weights" else 0

    @property
    def params_bytes(self) -> int:
        return int(self.values.nbytes) - self.weights_bytes


@dataclass(frozen=True)
class Overlap:
    """How a step's output may share bytes with the input `tensor` that dies there.

    Either output offset - input offset <= `at_most`, or it is >= `at_least`; None rules a side out.
    `same_place` allows the two to begin at the same byte.
    """

    tensor: int
    at_most: int | None = None
    at_least: int | None = None
    same_place: bool = False

    def allows(self, distance: int) -> bool:
        """Whether the output may begin `distance` bytes above the input."""
        below = self.at_most is not None and distance <= self.at_most
        above = self.at_least is not None and distance >= self.at_least
        return below or above or (self.same_place and distance == 0)

    def and_also(self, other: Overlap) -> Overlap:
        """The distances that both allow, of those that one rule can say."""
        at_most, at_least = None, None
        if self.at_most is not None and other.at_most is not None:
            at_most = min(self.at_most, other.at_most)
        if self.at_least is not None and other.at_least is not None:
            at_least = max(self.at_least, other.at_least)
        return Overlap(self.tensor, at_most, at_least, self.allows(0) and other.allows(0))

    @property
    def distances(self) -> tuple[int, ...]:
        """The tightest distances, as places to try."""
        limits = tuple(d for d in (self.at_most, self.at_least) if d is not None)
        return (*limits, 0) if self.same_place else limits


@dataclass(frozen=True)
class Field:
    """One member of a kernel's parameter struct: a number, a symbol, or a nested struct."""

    name: str
    value: int | str | tuple[Field, ...]


@dataclass(frozen=True)
class Step:
    """`kernel(&layer, reads..., constants..., output[, scratch])`.

    `header` declares it; `sources` are the C files that it is compiled from, all below
    firmware_templates/runtime. `constants` are symbols of constant operands. A kernel that only
    moves `bytes_only` sees every operand as int8_t; one that `gathers` gets its operands as one array
    of pointers: `operands`, tensors by index and constant arrays by name. A loop over a `body` is a
    function of the generated C itself, without a kernel. An `adaptable` one's arrays can be replaced while
    the program runs. `number` is what the generated C calls it by, once the order of steps is known.
    """

    op: Op
    kernel: str
    header: str
    sources: tuple[str, ...]
    fields: tuple[Field, ...]
    arrays: tuple[Array, ...]
    reads: tuple[int, ...]
    writes: int
    macs: int = 0
    scratch_bytes: int = 0
    overlaps: tuple[Overlap, ...] = ()
    constants: tuple[str, ...] = ()
    scratch_type: str = "int8_t"
    bytes_only: bool = False
    gathers: bool = False
    operands: tuple[int | str, ...] = ()
    body: Body | None = None
    adaptable: bool = False
    number: str = ""

    @property
    def weights_bytes(self) -> int:
        return sum(a.weights_bytes for a in self.arrays)

    @property
    def constants_bytes(self) -> int:
        return sum(int(a.values.nbytes) for a in self.arrays)


@dataclass(frozen=True)
class Body:
    """What a loop does at each of its `count` steps, its memory planned from the first byte of the loop's scratch on.

    `rows`: for each series that the loop reads, the tensor of the body that holds the step's row, and its bytes.
    `state` is handed from step to step and has `state_bytes`; `result` becomes it. `start` is the array it begins as.
    """

    graph: Graph
    steps: tuple[Step, ...]
    plan: Plan
    count: int
    rows: tuple[tuple[int, int], ...]
    state: int
    result: int
    state_bytes: int
    start: str


def kernel_calls(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps that call a kernel: those of a body in place of its loop."""
    for step in steps:
        yield from (step,) if step.body is None else step.body.steps
