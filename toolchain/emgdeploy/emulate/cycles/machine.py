"""Runs one function of a firmware image in Unicorn and hands on which blocks ran in which order."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from emgdeploy import optional
from emgdeploy.emulate.cycles.image import Function, Image
from emgdeploy.errors import EmgDeployError, UsageError

CORES = {
    "cortex-m0": "UC_CPU_ARM_CORTEX_M0",
    "cortex-m0plus": "UC_CPU_ARM_CORTEX_M0",
    "cortex-m3": "UC_CPU_ARM_CORTEX_M3",
    "cortex-m4": "UC_CPU_ARM_CORTEX_M4",
    "cortex-m4f": "UC_CPU_ARM_CORTEX_M4",
    "cortex-m7": "UC_CPU_ARM_CORTEX_M7",
    "cortex-m7f": "UC_CPU_ARM_CORTEX_M7",
    "cortex-m7d": "UC_CPU_ARM_CORTEX_M7",
    "cortex-m33": "UC_CPU_ARM_CORTEX_M33",
    "cortex-m33f": "UC_CPU_ARM_CORTEX_M33",
}
"""Cores that Unicorn runs -> its name for them."""

STACK_BYTES = 256 << 10
SIZE_BITS = 16
"""A block is recorded as address << SIZE_BITS | size in bytes."""

_PAGE = 4096
_PAINT = 0x57ACC0DE
# Blocks held before they are handed on: enough to be fast, little enough to need no memory.
_CHUNK = 1 << 20


@dataclass
class Recording:
    """A piece of a run, in order.

    blocks: address << SIZE_BITS | size. reads: for each read of watched memory the place in `blocks` of
    the block that read. unaligned: (that place, address of the instruction, accesses too many: 1 or 2
    for a load, 0 for a store, which a write buffer hides).
    """

    blocks: array[int]
    reads: array[int]
    unaligned: list[tuple[int, int, int]]


Consumer = Callable[[Recording], None]


@dataclass(frozen=True)
class Watch:
    """What is recorded besides blocks: reads from memories (first address, address behind), alignment."""

    reads: Sequence[tuple[int, int]] = ()
    alignment: bool = False


class Runner(Protocol):
    """An emulated core with an image in memory; `arguments` is memory for windows and outputs."""

    arguments: int

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory."""

    def read(self, address: int, size: int) -> bytes:
        """Bytes from memory."""

    def run(self, function: Function, arguments: tuple[int, ...]) -> None:
        """Call a function with up to four arguments, at the emulator's full speed."""

    def call(self, function: Function, arguments: tuple[int, ...], consume: Consumer, watch: Watch) -> int:
        """Call a function; returns the deepest stack it wrote to, in bytes."""


class Machine:
    """A core with an image in memory as C code expects it, and nothing else: no devices, no interrupts.

    Raises UsageError for a core that Unicorn does not run, ToolMissingError without Unicorn.
    """

    def __init__(self, image: Image, core: str, argument_bytes: int) -> None:
        if core not in CORES:
            raise UsageError(
                f"there is no emulator with a block trace for the core {core}",
                f"profile a build for one of {', '.join(CORES)}",
            )
        unicorn: Any = optional.load("unicorn", extra="profile")
        self._arm: Any = optional.load("unicorn.arm_const", extra="profile")
        self._error: type[Exception] = unicorn.UcError
        self._block_hook: int = unicorn.UC_HOOK_BLOCK
        self._read_hook: int = unicorn.UC_HOOK_MEM_READ
        self._write_hook: int = unicorn.UC_HOOK_MEM_WRITE
        self._write: int = unicorn.UC_MEM_WRITE
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(getattr(self._arm, CORES[core]))
        top = self._map_image(image)
        self._stack_top = top + STACK_BYTES
        self._stop = self._stack_top
        self.arguments = self._stop + _PAGE
        self._uc.mem_map(top, STACK_BYTES + _PAGE + whole_pages(argument_bytes))
        self._bottom = top

    def _map_image(self, image: Image) -> int:
        """Map and fill the image's memory; returns the first free megabyte of the data region above it."""
        pages: set[int] = set()
        for segment in image.segments:
            first = segment.address // _PAGE
            pages.update(range(first, (segment.address + segment.size - 1) // _PAGE + 1))
        for first, last in _runs(sorted(pages)):
            self._uc.mem_map(first * _PAGE, (last - first + 1) * _PAGE)
        for segment in image.segments:
            self._uc.mem_write(segment.address, segment.data)
        highest = max((page * _PAGE for page in pages if page * _PAGE < 0x4000_0000), default=0)
        return max(0x2000_0000, (highest | 0xF_FFFF) + 1)

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory."""
        self._uc.mem_write(address, data)

    def read(self, address: int, size: int) -> bytes:
        """Bytes from memory."""
        return bytes(self._uc.mem_read(address, size))

    def run(self, function: Function, arguments: tuple[int, ...]) -> None:
        """Call `function`. Raises EmgDeployError when the code faults."""
        arm, uc = self._arm, self._uc
        uc.reg_write(arm.UC_ARM_REG_SP, self._stack_top)
        uc.reg_write(arm.UC_ARM_REG_LR, self._stop | 1)
        for register, value in enumerate(arguments):
            uc.reg_write(arm.UC_ARM_REG_R0 + register, value)
        try:
            uc.emu_start(function.start | 1, self._stop)
        except self._error as error:
            at = uc.reg_read(arm.UC_ARM_REG_PC)
            raise EmgDeployError(
                f"{function.name} faulted at 0x{at:08x}: {error}",
                "is this firmware built for the core that its manifest names?",
            ) from error

    def call(self, function: Function, arguments: tuple[int, ...], consume: Consumer, watch: Watch) -> int:
        """As `run`; returns the deepest stack it wrote to, in bytes. consume: gets what was recorded."""
        piece = Recording(array("Q"), array("Q"), [])
        self._paint_stack()
        hooks = [self._hook_blocks(piece, consume)]
        hooks += [self._hook_reads(piece, first, behind - 1) for first, behind in watch.reads]
        if watch.alignment:
            hooks.append(self._hook_alignment(piece))
        try:
            self.run(function, arguments)
        finally:
            for hook in hooks:
                self._uc.hook_del(hook)
        consume(piece)
        return self._stack_used()

    def _hook_blocks(self, piece: Recording, consume: Consumer) -> object:
        blocks, record = piece.blocks, piece.blocks.append

        def on_block(_: object, address: int, size: int, __: object) -> None:
            if len(blocks) >= _CHUNK:
                consume(piece)
                del blocks[:], piece.reads[:], piece.unaligned[:]
            record(address << SIZE_BITS | size)

        return self._uc.hook_add(self._block_hook, on_block)

    def _hook_reads(self, piece: Recording, first: int, last: int) -> object:
        blocks, note = piece.blocks, piece.reads.append

        def on_read(*_: object) -> None:
            note(len(blocks) - 1)

        return self._uc.hook_add(self._read_hook, on_read, None, first, last)

    def _hook_alignment(self, piece: Recording) -> object:
        uc, program_counter = self._uc, self._arm.UC_ARM_REG_PC

        def on_access(_: object, kind: int, address: int, size: int, __: int, ___: object) -> None:
            if address & (size - 1) & 3:
                extra = 0 if kind == self._write else 1 if size == 2 or address & 1 == 0 else 2
                piece.unaligned.append((len(piece.blocks) - 1, uc.reg_read(program_counter), extra))

        return uc.hook_add(self._read_hook | self._write_hook, on_access)

    def _paint_stack(self) -> None:
        self._uc.mem_write(self._bottom, struct.pack("<I", _PAINT) * (STACK_BYTES // 4))

    def _stack_used(self) -> int:
        words = memoryview(self.read(self._bottom, STACK_BYTES)).cast("I")
        for index, word in enumerate(words):
            if word != _PAINT:
                return STACK_BYTES - 4 * index
        return 0


def whole_pages(size: int) -> int:
    """`size` rounded up to pages, at least one."""
    return -(-max(size, 1) // _PAGE) * _PAGE


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Neighbouring numbers as (first, last)."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
