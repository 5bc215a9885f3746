"""Sums over a run: per layer and per function, instructions, cycles and what of them is waiting."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from emgdeploy.emulate.cycles.block_edges import ENTRY, OUTSIDE, EdgeCounter, Unaligned
from emgdeploy.emulate.cycles.decode import Decoder, Kind, Op
from emgdeploy.emulate.cycles.image import Function, Image
from emgdeploy.emulate.cycles.machine import SIZE_BITS
from emgdeploy.emulate.cycles.model import CycleModel
from emgdeploy.emulate.cycles.thumb import Lengths
from emgdeploy.errors import EmgDeployError

_NAMELESS = "(code without a symbol)"


@dataclass(frozen=True)
class SlowMemory:
    """Memory that answers late, a flash without prefetch and cache; addresses first <= a < behind.

    A line of `line_bytes` is fetched at once and held until another one is wanted: `wait_states`
    extra cycles for each line of code that is entered. Each load of data waits as long.
    """

    ranges: tuple[tuple[int, int], ...]
    wait_states: int
    line_bytes: int

    def holds(self, address: int) -> bool:
        """Whether `address` lies in it."""
        return any(first <= address < behind for first, behind in self.ranges)

    def fetch(self, before: Op | None, ops: tuple[Op, ...]) -> int:
        """Cycles of waiting for a straight piece of code that runs behind the op `before`."""
        first, last = ops[0].address // self.line_bytes, (ops[-1].end - 1) // self.line_bytes
        if not self.holds(ops[0].address):
            return 0
        held = before is not None and (before.end - 1) // self.line_bytes == first
        return self.wait_states * (last - first + (0 if held else 1))


@dataclass
class Sum:
    """cycles hold the waiting; entered counts how often a function was called."""

    instructions: int = 0
    cycles: int = 0
    waiting: int = 0
    entered: int = 0


@dataclass
class Tally:
    """Sums by layer (OUTSIDE for the rest) and by name of function, and which functions a layer ran.

    unaligned: how many single accesses were not aligned, where that was watched.
    """

    layers: dict[int, Sum] = field(default_factory=lambda: defaultdict(Sum))
    functions: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    code: dict[int, set[Function]] = field(default_factory=lambda: defaultdict(set))
    unaligned: int = 0

    def add(self, layer: int, function: str, piece: Sum) -> None:
        """Add to the sums of a layer and a function."""
        for total in (self.layers[layer], self.functions[function]):
            total.instructions += piece.instructions
            total.cycles += piece.cycles + piece.waiting
            total.waiting += piece.waiting
            total.entered += piece.entered


class Pricing:
    """The blocks of an image with their costs, decoded once and kept from run to run.

    model None counts instructions only. slow None is a memory without wait states. unaligned_allowed:
    whether the core does single accesses that are not aligned (ARMv6-M does none, and no core multiple).
    needs_names: decode also where there is no model.
    """

    def __init__(
        self,
        image: Image,
        model: CycleModel | None,
        slow: SlowMemory | None,
        unaligned_allowed: bool,
        needs_names: bool,
    ) -> None:
        self._image, self._model, self._slow = image, model, slow
        self._unaligned_allowed = unaligned_allowed
        self._decoder = Decoder() if model is not None or needs_names else Lengths()
        self._ops: dict[int, tuple[Op, ...]] = {}
        self._cycles: dict[int, int] = {}

    def tally(self, edges: EdgeCounter) -> Tally:
        """Price everything that was counted."""
        tally = Tally()
        for (layer, previous, block), times in edges.counts.items():
            self._edge(tally, layer, previous, block, times)
        for access, times in edges.unaligned.items():
            self._unaligned(tally, access, times)
        if self._model is not None:
            last = self._block(edges.last)[-1]
            # The return to whoever called; any address that is not the next one will do.
            back = Sum(cycles=self._model.transition(last, last.address, None))
            tally.add(OUTSIDE, self._name(edges.last), back)
            if self._slow is not None:
                for (layer, block), times in edges.reads.items():
                    tally.add(layer, self._name(block), Sum(waiting=times * self._slow.wait_states))
        return tally

    def _edge(self, tally: Tally, layer: int, previous: int, block: int, times: int) -> None:
        ops = self._block(block)
        owner = self._image.owner(ops[0].address)
        if owner is not None:
            tally.code[layer].add(owner)
        entered = owner is not None and owner.start == ops[0].address
        before = None if previous == ENTRY else self._block(previous)[-1]
        waiting = 0 if self._model is None or self._slow is None else self._slow.fetch(before, ops)
        own = Sum(len(ops) * times, self._cycles[block] * times, waiting * times, times if entered else 0)
        tally.add(layer, self._name(block), own)
        if self._model is not None and before is not None:
            extra = self._model.transition(before, ops[0].address, ops[0])
            tally.add(layer, self._name(previous), Sum(cycles=extra * times))

    def _unaligned(self, tally: Tally, access: Unaligned, times: int) -> None:
        op = next(op for op in self._block(access.block) if op.address == access.address)
        if op.kind is Kind.MULTIPLE or not self._unaligned_allowed:
            raise EmgDeployError(
                f"{op.name} at 0x{op.address:08x} in {self._name(access.block)} uses an address that is not "
                "aligned, which faults on the real core",
                "report this: it is an error of the kernel",
            )
        tally.unaligned += times
        if self._model is not None:
            tally.add(access.layer, self._name(access.block), Sum(cycles=access.extra * times))

    def _block(self, block: int) -> tuple[Op, ...]:
        if block not in self._ops:
            address, size = block >> SIZE_BITS, block & ((1 << SIZE_BITS) - 1)
            ops = self._decoder.block(self._image.code(address, size), address)
            self._ops[block] = ops
            self._cycles[block] = self._model.block(ops) if self._model else 0
        return self._ops[block]

    def _name(self, block: int) -> str:
        owner = self._image.owner(block >> SIZE_BITS)
        return owner.name if owner else _NAMELESS
