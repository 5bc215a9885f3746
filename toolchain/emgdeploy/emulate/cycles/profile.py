"""Instructions and modelled cycles of one inference, in total, per layer and per function."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emgdeploy.emulate.cycles.block_edges import OUTSIDE, EdgeCounter
from emgdeploy.emulate.cycles.image import read_image
from emgdeploy.emulate.cycles.machine import Machine, Runner, Watch
from emgdeploy.emulate.cycles.model import CycleModel, model_for
from emgdeploy.emulate.cycles.tally import Pricing, SlowMemory, Sum, Tally

INVOKE, RUN = "emg_model_invoke", "emg_model_run"
_PAGE = 4096
_ARMV6M = "cortex-m0"


@dataclass(frozen=True)
class Count:
    """cycles None where the core has no cycle model; they hold the `waiting` for slow memory."""

    instructions: int
    cycles: int | None
    waiting: int | None


@dataclass(frozen=True)
class LayerCount(Count):
    """code_bytes: size of the functions the layer ran, each counted whole in every layer it serves."""

    code_bytes: int


@dataclass(frozen=True)
class FunctionCount(Count):
    """What a function itself took, without those it called. entered: how often it was called."""

    name: str
    entered: int


@dataclass(frozen=True)
class Profile:
    """One inference, from the entry of emg_model_invoke to its return, that instruction included.

    layers: one per kernel call, in order; outside: what ran before the first and after the last.
    functions: the costliest first. unaligned: accesses that were not aligned, None where nobody looked;
    otherwise their cost is part of the cycles. stack_bytes: the deepest word of stack that was written.
    output: the bytes of the output buffer.
    """

    core: str
    model: CycleModel | None
    slow: SlowMemory | None
    total: Count
    layers: tuple[LayerCount, ...]
    outside: Count
    functions: tuple[FunctionCount, ...]
    unaligned: int | None
    stack_bytes: int
    output: bytes


class Profiler:
    """A firmware image in an emulated core, ready to run windows. `core` is a name of emgdeploy.cores.

    output_bytes: size of the model's output. slow: what of the memory has wait states. machine: where the
    image runs, by default in Unicorn. Raises InputError for a file that is no such image, UsageError
    for a core that is not emulated here, ToolMissingError without unicorn or capstone.
    """

    def __init__(
        self,
        elf: Path,
        core: str,
        input_bytes: int,
        output_bytes: int,
        slow: SlowMemory | None = None,
        machine: Runner | None = None,
    ) -> None:
        self._core, self._model, self._slow = core, model_for(core), slow
        image = self._image = read_image(elf)
        self._invoke = image.function(image.named_like(INVOKE))
        # A compiler may have put emg_model_run into its caller; then the copies around it count as layers.
        run = image.named_like(RUN)
        self._run = image.function(run) if image.has_function(run) else self._invoke
        self._input_bytes, self._output_bytes = input_bytes, output_bytes
        self._output_at = output_place(input_bytes)
        self._machine = machine or Machine(image, core, self._output_at + output_bytes)
        aligns = not core.startswith(_ARMV6M)
        self._pricing = Pricing(image, self._model, slow, aligns, needs_names=machine is None)

    def run(self, window: bytes, alignment: bool = False) -> Profile:
        """Profile one call of emg_model_invoke with the bytes of the input buffer.

        alignment: look at every access (some seconds per million) and add what unaligned ones cost;
        EmgDeployError for one that the real core refuses, which emulators let pass.
        """
        if len(window) != self._input_bytes:
            raise ValueError(f"a window has {self._input_bytes} bytes, not {len(window)}")
        machine = self._machine
        output_at = machine.arguments + self._output_at
        machine.write(machine.arguments, window)
        edges = EdgeCounter(self._image, self._run, self._invoke)
        slow = self._slow.ranges if self._slow is not None and self._model is not None else ()
        stack = machine.call(self._invoke, (machine.arguments, output_at), edges.add, Watch(slow, alignment))
        tally = self._pricing.tally(edges)
        return Profile(
            core=self._core,
            model=self._model,
            slow=self._slow,
            total=self._count(_total(tally)),
            layers=tuple(self._layer(tally, index) for index in range(edges.calls)),
            outside=self._count(tally.layers[OUTSIDE]),
            functions=self._functions(tally),
            unaligned=tally.unaligned if alignment else None,
            stack_bytes=stack,
            output=machine.read(output_at, self._output_bytes),
        )

    def _figures(self, own: Sum) -> tuple[int, int | None, int | None]:
        known = self._model is not None
        return own.instructions, own.cycles if known else None, own.waiting if known else None

    def _count(self, own: Sum) -> Count:
        return Count(*self._figures(own))

    def _layer(self, tally: Tally, index: int) -> LayerCount:
        code = sum(function.end - function.start for function in tally.code[index] - {self._run})
        return LayerCount(*self._figures(tally.layers[index]), code_bytes=code)

    def _functions(self, tally: Tally) -> tuple[FunctionCount, ...]:
        counts = [
            FunctionCount(*self._figures(own), name=name, entered=own.entered)
            for name, own in tally.functions.items()
        ]
        return tuple(sorted(counts, key=lambda f: (-(f.cycles or 0), -f.instructions, f.name)))


def output_place(input_bytes: int) -> int:
    """Where the output lies behind the window in the memory for arguments."""
    return -(-input_bytes // _PAGE) * _PAGE


def _total(tally: Tally) -> Sum:
    total = Sum()
    for own in tally.layers.values():
        total.instructions += own.instructions
        total.cycles += own.cycles
        total.waiting += own.waiting
    return total
