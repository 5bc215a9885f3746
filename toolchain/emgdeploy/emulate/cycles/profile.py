"""Instructions and modelled cycles of one call, in total, per function and per layer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.emulate.cycles.decode import Decoder, Op
from emgdeploy.emulate.cycles.edges import ENTRY, OUTSIDE, EdgeCounter
from emgdeploy.emulate.cycles.image import Image, read_image
from emgdeploy.emulate.cycles.machine import SIZE_BITS, Machine
from emgdeploy.emulate.cycles.model import CycleModel, model_for
from emgdeploy.errors import EmgDeployError

INVOKE, RUN = "emg_model_invoke", "emg_model_run"
_UNKNOWN = "(code without a symbol)"
_GAP = 4096


@dataclass(frozen=True)
class Count:
    """cycles None where the core has no cycle model."""

    instructions: int
    cycles: int | None


@dataclass(frozen=True)
class FunctionCount:
    """What a function itself took, without the functions it called. entered: how often it was called."""

    name: str
    instructions: int
    cycles: int | None
    entered: int


@dataclass(frozen=True)
class Profile:
    """One inference, from the entry of emg_model_invoke to its return, that instruction included.

    layers: one per kernel call, in order; outside: what ran before the first and after the last.
    functions: the costliest first. stack_bytes: the deepest word of stack that was written.
    output: the bytes of the output buffer.
    """

    core: str
    model: CycleModel | None
    total: Count
    layers: tuple[Count, ...]
    outside: Count
    functions: tuple[FunctionCount, ...]
    stack_bytes: int
    output: bytes


class Profiler:
    """A firmware image in an emulated core, ready to run windows. `core` is a name of emgdeploy.cores.

    output_bytes: size of the model's output. Raises InputError for a file that is no such image,
    UsageError for a core that is not emulated here, ToolMissingError without unicorn or capstone.
    """

    def __init__(self, elf: Path, core: str, input_bytes: int, output_bytes: int) -> None:
        self.core = core
        self.image = read_image(elf)
        self._model = model_for(core)
        self._output_at = -(-input_bytes // _GAP) * _GAP
        self._input_bytes, self._output_bytes = input_bytes, output_bytes
        self._machine = Machine(self.image, core, self._output_at + output_bytes)
        self._blocks = _Blocks(self.image, self._model)

    def run(self, window: bytes) -> Profile:
        """Profile one call of emg_model_invoke with the bytes of the input buffer."""
        if len(window) != self._input_bytes:
            raise ValueError(f"a window has {self._input_bytes} bytes, not {len(window)}")
        machine = self._machine
        invoke, run = self.image.function(INVOKE), self.image.function(RUN)
        output_at = machine.arguments + self._output_at
        machine.write(machine.arguments, window)
        edges = EdgeCounter(self.image, run, invoke)
        stack = machine.call(invoke, (machine.arguments, output_at), edges.add)
        tally = self._blocks.tally(edges)
        layers = tuple(tally.layer(index) for index in range(edges.calls))
        return Profile(
            core=self.core,
            model=self._model,
            total=tally.total(),
            layers=layers,
            outside=tally.layer(OUTSIDE),
            functions=tally.functions(),
            stack_bytes=stack,
            output=machine.read(output_at, self._output_bytes),
        )


class _Tally:
    """Sums of one run."""

    def __init__(self, has_cycles: bool) -> None:
        self._has_cycles = has_cycles
        self._layers: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        self._functions: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(self, layer: int, function: str, instructions: int, cycles: int, entered: int) -> None:
        sums = self._layers[layer]
        sums[0] += instructions
        sums[1] += cycles
        own = self._functions[function]
        own[0] += instructions
        own[1] += cycles
        own[2] += entered

    def layer(self, index: int) -> Count:
        return self._count(self._layers[index])

    def total(self) -> Count:
        return self._count([sum(column) for column in zip([0, 0], *self._layers.values(), strict=True)])

    def functions(self) -> tuple[FunctionCount, ...]:
        order = sorted(self._functions.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))
        return tuple(
            FunctionCount(name, own[0], own[1] if self._has_cycles else None, own[2]) for name, own in order
        )

    def _count(self, sums: list[int]) -> Count:
        return Count(sums[0], sums[1] if self._has_cycles else None)


class _Blocks:
    """Decoded blocks of an image with their costs, kept from run to run."""

    def __init__(self, image: Image, model: CycleModel | None) -> None:
        self._image, self._model = image, model
        self._decoder = Decoder()
        self._ops: dict[int, tuple[Op, ...]] = {}
        self._cycles: dict[int, int] = {}
        self._owners: dict[int, str] = {}

    def tally(self, edges: EdgeCounter) -> _Tally:
        """Sums over everything that was counted."""
        tally = _Tally(self._model is not None)
        last = edges.last
        for edge, times in edges.counts.items():
            ops = self._block(edge.block)
            starts = self._starts_function(edge.block)
            tally.add(
                edge.layer,
                self._owners[edge.block],
                len(ops) * times,
                self._cycles[edge.block] * times,
                times if starts else 0,
            )
            if self._model is not None and edge.previous != ENTRY:
                extra = self._model.transition(self._block(edge.previous)[-1], ops[0].address, ops[0])
                tally.add(edge.layer, self._owners[edge.previous], 0, extra * times, 0)
        if self._model is not None:
            # The return to whoever called; any address that is not the next one will do.
            extra = self._model.transition(self._block(last)[-1], 0, None)
            tally.add(OUTSIDE, self._owners[last], 0, extra, 0)
        return tally

    def _block(self, block: int) -> tuple[Op, ...]:
        if block not in self._ops:
            address, size = block >> SIZE_BITS, block & ((1 << SIZE_BITS) - 1)
            ops = self._decoder.block(self._image.code(address, size), address)
            owner = self._image.owner(address)
            self._ops[block] = ops
            self._cycles[block] = self._model.block(ops) if self._model else 0
            self._owners[block] = owner.name if owner else _UNKNOWN
        return self._ops[block]

    def _starts_function(self, block: int) -> bool:
        owner = self._image.owner(block >> SIZE_BITS)
        return owner is not None and owner.start == block >> SIZE_BITS


def check_layers(profile: Profile, expected: int) -> None:
    """Raise EmgDeployError unless the run made one kernel call per layer."""
    if len(profile.layers) != expected:
        raise EmgDeployError(
            f"{RUN} made {len(profile.layers)} calls for {expected} layers",
            "the firmware does not belong to this manifest; build it again",
        )
