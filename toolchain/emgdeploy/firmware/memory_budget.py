"""Does a model fit its board? Answered before anything is compiled, from what takes memory in any case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from emgdeploy.boards import Board
from emgdeploy.codegen import GeneratedModel
from emgdeploy.errors import DoesNotFitError
from emgdeploy.firmware.manifest_parts import MemoryUse
from emgdeploy.text import printable

# Kernels, wire and platform with their variables and stack: 37 KB for MobileNetV2 on a Cortex-M4F.
CODE_ALLOWANCE = 48 * 1024

_SYSTEMS = {"sdk": ("sdk_reserve_bytes", "the Spresense SDK"), "nuttx": ("os_reserve_bytes", "NuttX")}


@dataclass(frozen=True)
class Need:
    """What a model takes; bytes. constants: weights and parameters; peak: where the arena is full.

    copied: how many bytes of the constants take RAM too, because start-up copies them there.
    """

    constants: int
    arena: int
    peak: str
    copied: int = 0


class TooLarge(DoesNotFitError):
    """An image that does not fit: the memory, the bytes missing, and what the model needed.

    ways: what would fit instead, as clauses; whoever learns of one adds it.
    """

    def __init__(
        self, board: Board, memory_name: str, missing: int, need: Need, planned_for: str | None = None
    ) -> None:
        memory = next(memory for memory in board.memories if memory.name == memory_name)
        kept = 0 if planned_for is None else reserve(board, planned_for)
        system = f", {_SYSTEMS[planned_for][1]} {kept:,}" if planned_for is not None and kept else ""
        self.need = need
        self.ways: list[str] = []
        super().__init__(
            f"the image does not fit {board.name}: memory {memory.name} ({memory.size:,} bytes) is "
            f"{'' if planned_for is None else 'at least '}{missing:,} bytes too small (weights and parameters take "
            f"{need.constants:,}{system}, the arena {need.arena:,}, fullest in {need.peak})",
            _without_advice(need, missing, "constants" in memory.holds),
        )


def _without_advice(need: Need, missing: int, holds_constants: bool) -> str:
    room = need.constants - missing
    if holds_constants and room > 0:
        return (
            f"a model with at most {room:,} bytes of weights and parameters fits "
            f"(this one has {need.constants:,})"
        )
    return "use a smaller model or window, --optimize memory, or a larger board"


def need_of(model: GeneratedModel) -> Need:
    """What the compiler has planned."""
    peak = "its input"  # a model of views alone computes nothing
    if model.layers:
        layer = model.layers[model.peak_layer]
        peak = f"layer {layer.index}, {layer.op} {printable(layer.name)[-40:]}".rstrip()
    constants = model.weights_bytes + model.params_bytes
    return Need(constants, model.arena_bytes, peak, model.ram_constants_bytes)


def reserve(board: Board, system: str = "nuttx") -> int:
    """Bytes of the board's memory that its operating system ("nuttx" or "sdk") takes for itself."""
    usual = int(board.options.get("os_reserve_bytes", 0))
    return int(board.options.get(_SYSTEMS[system][0], usual))


def least_use(board: Board, need: Need, system: str = "nuttx", code: int = 0) -> tuple[MemoryUse, ...]:
    """How full each memory becomes: system, constants, arena, copies of constants, and `code` bytes of code and variables."""
    used = {memory.name: 0 for memory in board.memories}
    used[board.memories_for("data")[0].name] += reserve(board, system) + need.arena + need.copied
    used[board.memories_for("constants")[0].name] += need.constants
    used[board.memories_for("code")[0].name] += code
    return tuple(MemoryUse(memory.name, used[memory.name], memory.size) for memory in board.memories)


def fits(board: Board, need: Need, system: str = "nuttx") -> bool:
    """Whether there is room for the model and an allowance for code around it."""
    return all(use.used <= use.size for use in least_use(board, need, system, CODE_ALLOWANCE))


def check(board: Board, uses: Sequence[MemoryUse], need: Need, planned_for: str | None = None) -> None:
    """Raise TooLarge for the first overfull memory.

    planned_for: the system beside which `uses` are the least; None for those of a finished image.
    """
    for use in uses:
        if use.used > use.size:
            raise TooLarge(board, use.name, use.used - use.size, need, planned_for)


def with_more_data(board: Board, uses: Sequence[MemoryUse], count: int) -> tuple[MemoryUse, ...]:
    """`uses` and `count` bytes that the running system allocates, such as a task's stack."""
    name = board.memories_for("data")[0].name
    return tuple(replace(use, used=use.used + count) if use.name == name else use for use in uses)


def only_the_other_system(board: Board, uses: Sequence[MemoryUse]) -> str | None:
    """A note where an image fits beside upstream NuttX, and not beside the vendor's SDK."""
    more = with_more_data(board, uses, reserve(board, "sdk") - reserve(board, "nuttx"))
    missing = max(use.used - use.size for use in more)
    if missing <= 0:
        return None
    return (
        f"{missing:,} bytes too large for {_SYSTEMS['sdk'][1]}, which takes {reserve(board, 'sdk'):,} "
        "for itself: build it with --nuttx"
    )
