"""boards/*.toml -> a validated `Board`. Adding a board is adding a file (docs/boards.md)."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emgdeploy import board_schema, bounded, resources, state
from emgdeploy.cores import CORES, Core
from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic

FOLDERS_VARIABLE = "EMGDEPLOY_BOARDS"
"""Environment variable: folders of the user's own board files, separated as in PATH."""

Scalar = str | int | bool | float


@dataclass(frozen=True)
class Memory:
    """One address range; sizes and addresses in bytes.

    holds: what may live there, of "code", "constants" and "data".
    """

    name: str
    origin: int
    size: int
    holds: tuple[str, ...]


@dataclass(frozen=True)
class Uart:
    """The serial port that the bench talks to; baud in bit/s.

    dtr, rts: the level to hold these lines at when the port is opened, because some boards reset or
    enter their loader on them; None leaves the system's habit.
    """

    peripheral: str
    baud: int
    dtr: bool | None = None
    rts: bool | None = None


@dataclass(frozen=True)
class FlashBackend:
    """How an image gets onto the board. args: what the tool of that kind needs to know."""

    kind: str
    args: dict[str, Scalar]


@dataclass(frozen=True)
class Emulator:
    """What stands in for the board on this machine. machine: QEMU's name for it, "" for native."""

    kind: str
    machine: str


@dataclass(frozen=True)
class Board:
    """Everything the build knows about a board; every field comes from its file.

    wait_states: extra cycles per flash access at clock_hz, None where unknown.
    verified: "emulator" | "build-only" | "hardware": how far somebody has really gone with it.
    options: values that only the templates in platform_dir read.
    """

    name: str
    title: str
    core: str
    clock_hz: int
    memories: tuple[Memory, ...]
    uart: Uart
    platform: str
    platform_dir: str
    flash: FlashBackend
    emulator: Emulator | None
    usb: tuple[tuple[int, int], ...]
    wait_states: int | None
    verified: str
    options: dict[str, Scalar]
    file: Path

    @property
    def cpu(self) -> Core:
        """What is known of `core` itself."""
        return CORES[self.core]

    @property
    def cflags(self) -> tuple[str, ...]:
        """Compiler flags that choose the core."""
        return self.cpu.cflags

    @property
    def isa(self) -> str:
        """Which kernels run on it: "portable", "dsp" or "mve"."""
        return self.cpu.isa

    def memories_for(self, kind: str) -> tuple[Memory, ...]:
        """The memories that may hold `kind` ("code", "constants" or "data"), in the file's order."""
        return tuple(memory for memory in self.memories if kind in memory.holds)


def load_board(name_or_path: str) -> Board:
    """The board of that name, or of that file when the text ends in `.toml`.

    Raises InputError for an unknown name (listing the near ones) and for a broken file.
    """
    if name_or_path.endswith(".toml"):
        return read_board(Path(name_or_path))
    files = board_files()
    if name_or_path not in files:
        near = difflib.get_close_matches(name_or_path, files, n=3, cutoff=0.4)
        known = ", ".join(near or sorted(files))
        raise InputError(
            f'there is no board "{name_or_path}"',
            f"one of these: {known} (`emgdeploy boards` lists all; docs/boards.md says how to add one)",
        )
    return read_board(files[name_or_path])


def list_boards() -> list[Board]:
    """All boards that can be named, sorted by name."""
    return [read_board(path) for _, path in sorted(board_files().items())]


def board_files() -> dict[str, Path]:
    """Board name -> its file, of the named folders, of those kept by `keep`, and of the package, first found first."""
    found: dict[str, Path] = {}
    for folder in _folders():
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def _folders() -> Iterator[Path]:
    for entry in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep):
        if not entry:
            continue
        folder = Path(entry)
        if not folder.is_dir():
            raise InputError(
                f"the board folder {folder} does not exist", "check --boards-dir and EMGDEPLOY_BOARDS"
            )
        yield folder
    if os.path.isdir(state.own_boards()):  # noqa: PTH112 -- Path.is_dir raises where one may not look
        yield state.own_boards()
    yield resources.BOARDS


def keep(board: Board) -> str | None:
    """Make a board that was given as a file known by its name from now on: a build folder holds only the name.

    Returns a sentence for the user: where the file was copied to, or why it was not; None when the name leads
    to that content already.
    """
    content = board.file.read_bytes()
    known = board_files().get(board.name)
    if known is not None and known.read_bytes() == content:
        return None
    if known is not None and known.parent != state.own_boards():
        return (
            f"{known} is another board of the name {board.name}: flash, bench and run take that one, "
            f"unless they are given --boards-dir {board.file.parent}"
        )
    target = state.own_boards() / board.file.name
    try:
        write_atomic(target, content)
    except OSError as error:
        return f"{target} cannot be written ({error.strerror}): give flash, bench and run --boards-dir {board.file.parent}"
    return f"the board file was copied to {target}, where flash, bench and run find it"


def read_board(path: Path) -> Board:
    """One board file, checked. Raises InputError naming the file, the key and what may stand there."""
    table = bounded.toml(path, "check the path; docs/boards.md has a whole example")
    return _board(board_schema.check(table, path), path)


def _board(table: board_schema.Table, path: Path) -> Board:
    flash, emulator, uart = table["flash"], table.get("emulator"), table["uart"]
    return Board(
        name=table["name"],
        title=table["title"],
        core=table["core"],
        clock_hz=table["clock_hz"],
        memories=tuple(Memory(m["name"], m["origin"], m["size"], tuple(m["holds"])) for m in table["memory"]),
        uart=Uart(uart["peripheral"], uart["baud"], uart.get("dtr"), uart.get("rts")),
        platform=table["platform"],
        platform_dir=table["platform_dir"],
        flash=FlashBackend(flash["kind"], {key: flash[key] for key in flash if key != "kind"}),
        emulator=Emulator(emulator["kind"], emulator.get("machine", "")) if emulator else None,
        usb=tuple((usb["vid"], usb["pid"]) for usb in table.get("usb", ())),
        wait_states=table.get("wait_states"),
        verified=table["verified"],
        options=dict(table.get("options", {})),
        file=path,
    )
