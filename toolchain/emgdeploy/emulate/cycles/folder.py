"""A build folder profiled: the very firmware.elf that is flashed, on one of the windows that prove it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy.boards import Board, load_board
from emgdeploy.convert import golden
from emgdeploy.emulate.cycles.image import read_image
from emgdeploy.emulate.cycles.machine import CORES, whole_pages
from emgdeploy.emulate.cycles.profile import Profile, Profiler, output_place
from emgdeploy.emulate.cycles.qemu import QemuMachine
from emgdeploy.emulate.cycles.tally import SlowMemory
from emgdeploy.errors import InputError, ToolMissingError, UsageError
from emgdeploy.firmware.manifest import Manifest

READY = "emg_app_run"
"""The function that a board's firmware calls when everything is set up."""

SCHEMA = "emgdeploy.profile/1"
FILE, REPORT = "profile.json", "profile.html"

NOT_MODELLED = (
    "not modelled: prefetch, caches and bus contention; interrupts",
    "a taken branch takes the mean refill of the manual's range, a division the longest time of its range",
    "a predicated instruction that is skipped counts as if executed",
)
_LINE_OPTION = "flash_line_bytes"
_BUS_WORD = 4


@dataclass(frozen=True)
class FolderProfile:
    """A profile with what it belongs to. exact: the output is the reference's, bit for bit."""

    manifest: Manifest
    window: int
    wait_states: int | None
    profile: Profile
    exact: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What the figures leave out, in sentences."""
        profile = self.profile
        if profile.model is None:
            return (f"no cycles: the manual of the {self.manifest.core} publishes no cycle counts",)
        slow = profile.slow
        waits = "zero wait states"
        if slow is not None:
            waits = (
                f"{slow.wait_states} wait states for each line of {slow.line_bytes} bytes of code that is "
                "entered and for each load from flash"
            )
        elif self.wait_states is None:
            waits += ", as those of the board are not known"
        aligned = "nobody looked whether all accesses are aligned (--alignment does); they are taken to be"
        if profile.unaligned is not None:
            aligned = f"{profile.unaligned:,} accesses were not aligned; what they cost is in the cycles"
        return (waits, aligned, *NOT_MODELLED)

    def to_dict(self) -> dict[str, Any]:
        """The contract's profile.json."""
        made, profile = self.manifest, self.profile
        cycles = profile.total.cycles
        return {
            "schema": SCHEMA,
            "board": made.board,
            "firmware_build_id": made.firmware_build_id,
            "model_sha256": made.model_sha256,
            "core": made.core,
            "model": profile.model.title if profile.model else None,
            "wait_states": self.wait_states,
            "instructions": profile.total.instructions,
            "cycles": cycles,
            "cycles_without_waiting": None if cycles is None else cycles - (profile.total.waiting or 0),
            "macs": made.macs,
            "cycles_per_mac": _ratio(cycles, made.macs),
            "milliseconds": None if cycles is None else round(cycles / made.clock_hz * 1e3, 4),
            "unaligned_accesses": profile.unaligned,
            "stack_bytes": profile.stack_bytes,
            "window": self.window,
            "bit_exact": self.exact,
            "layers": self._layers(),
            "outside": vars(profile.outside),
            "functions": [vars(function) for function in profile.functions],
            "notes": list(self.notes),
        }

    def _layers(self) -> list[dict[str, Any]]:
        return [
            {
                "index": layer.index,
                "name": layer.name,
                "op": layer.op,
                "macs": layer.macs,
                **vars(count),
                "cycles_per_mac": _ratio(count.cycles, layer.macs),
            }
            for layer, count in zip(self.manifest.layers, self.profile.layers, strict=True)
        ]


def profile_folder(
    folder: Path,
    manifest: Manifest,
    window: int = 0,
    wait_states: int | None = None,
    alignment: bool = False,
) -> FolderProfile:
    """Run window number `window` of golden.npz through the folder's firmware.

    wait_states: instead of the board file's. alignment: look at every access, see Profiler.run. Raises InputError for a folder whose parts do not belong
    together, UsageError for a core or kind of image that cannot be run, ToolMissingError.
    """
    if manifest.taps_of is not None:
        raise UsageError(f"{folder} is a build with taps", "profile the same build without --taps")
    windows = golden.load(manifest.artifact(folder, "golden"))
    if not 0 <= window < len(windows):
        raise UsageError(f"there is no window {window}", f"golden.npz has {len(windows)} windows, from 0")
    x, y = windows.x[window].tobytes(), windows.y[window].tobytes()
    board = _board(manifest)
    states = wait_states if wait_states is not None else board.wait_states if board else None
    slow = slow_memory(board, states) if board and states else None
    with _profiler(folder, manifest, board, (len(x), len(y)), slow) as profiler:
        profile = profiler.run(x, alignment)
    if len(profile.layers) != len(manifest.layers):
        raise InputError(
            f"the firmware in {folder} made {len(profile.layers)} kernel calls for the manifest's "
            f"{len(manifest.layers)} layers",
            "build the folder again",
        )
    return FolderProfile(manifest, window, states, profile, exact=profile.output == y)


@contextmanager
def _profiler(
    folder: Path, manifest: Manifest, board: Board | None, sizes: tuple[int, int], slow: SlowMemory | None
) -> Iterator[Profiler]:
    """A profiler for the folder's firmware, in Unicorn or, where that has no such core, in QEMU."""
    elf = manifest.artifact(folder, "elf")
    if manifest.core in CORES:
        yield Profiler(elf, manifest.core, *sizes, slow)
        return
    if board is None or board.emulator is None or board.emulator.kind != "qemu":
        raise UsageError(
            f"the core of {manifest.board}, {manifest.core}, is not emulated instruction by instruction",
            f"build for an emulated board, or one with {', '.join(CORES)}",
        )
    image = read_image(elf)
    memory = board.memories_for("data")[0]
    arguments = memory.origin + memory.size - whole_pages(output_place(sizes[0]) + sizes[1])
    with QemuMachine(elf, image, board.emulator.machine, image.function(READY), arguments) as machine:
        yield Profiler(elf, manifest.core, *sizes, machine=machine)


def expected_instructions(folder: Path, manifest: Manifest) -> int | None:
    """Instructions of one inference for the manifest; None where they cannot be counted here."""
    try:
        return profile_folder(folder, manifest, wait_states=0).profile.total.instructions
    except (UsageError, ToolMissingError):
        return None


def slow_memory(board: Board, wait_states: int) -> SlowMemory:
    """The board's flash: the memories that code or constants live in and data does not."""
    flash = [m for m in board.memories if "data" not in m.holds]
    line = board.options.get(_LINE_OPTION, _BUS_WORD)
    if not isinstance(line, int) or line < _BUS_WORD or line & (line - 1):
        raise InputError(
            f"{board.file}: {_LINE_OPTION} is {line}, but lines are a power of two of at least 4 bytes",
            "correct the board file",
        )
    return SlowMemory(tuple((m.origin, m.origin + m.size) for m in flash), wait_states, line)


def _board(manifest: Manifest) -> Board | None:
    """The manifest's board; a folder from elsewhere may name one that is not known here."""
    try:
        return load_board(manifest.board)
    except InputError:
        return None


def _ratio(cycles: int | None, macs: int) -> float | None:
    return round(cycles / macs, 4) if cycles is not None and macs else None
