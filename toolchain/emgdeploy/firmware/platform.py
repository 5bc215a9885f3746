"""firmware_templates/platforms/*: what depends on the board, rendered into a build folder.

A platform is a folder with a `platform.toml`; adding one is adding a folder.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy import resources
from emgdeploy.boards import Board, Memory
from emgdeploy.errors import InputError

EXECUTABLE, BARE_METAL, OBJECTS = "executable", "bare-metal", "objects"
UART_HANDLER = "emg_uart_rx_handler"
SAMPLING_HANDLER = "emg_sampling_handler"
SENSING = "sensing"
"""A platform's subfolder of what live recognition adds to it."""
FAULT_HANDLER = "emg_fault_handler"
RESET_HANDLER = "emg_reset_handler"

_CORE_EXCEPTIONS = 14  # entries 2 to 15 of the vector table


@dataclass(frozen=True)
class Platform:
    """A platform folder. image: a process, a whole image for a bare board, or objects for another build.

    folders: this platform's and the shared ones it builds on. uarts: what the platform's C code needs to
    know of each serial port, by its name. flags: what its own build system compiles with, None for ours.
    standin: headers that replace those of an absent operating system, where only sizes are wanted. sampling: base
    and irq of the timer that samples, where it is a peripheral; ring_samples: the least to have room for.
    """

    name: str
    image: str
    folders: tuple[Path, ...]
    uarts: dict[str, dict[str, int]]
    rx_ring_bytes: int
    flags: tuple[str, ...] | None
    standin: Path | None
    sampling: dict[str, int]

    @property
    def sensing(self) -> tuple[Path, ...]:
        """What live recognition adds; nothing where it cannot sample."""
        found = [path for folder in self.folders for path in (folder / SENSING).glob("*.[ch]")]
        needs = any("EMG_SAMPLING_BASE" in path.read_text(encoding="utf-8") for path in found)
        return (
            () if needs and "base" not in self.sampling else tuple(sorted(found, key=lambda path: path.name))
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """Every C file, header and template, by name."""
        kinds = (".c", ".h", ".j2")
        found = [path for folder in self.folders for path in folder.iterdir() if path.suffix in kinds]
        return tuple(sorted(found, key=lambda path: path.name))

    @property
    def app(self) -> Path | None:
        """Templates of the folder that another build system takes in, None where there is none."""
        folder = self.folders[0] / "app"
        return folder if folder.is_dir() else None


def load_platform(board: Board) -> Platform:
    """The platform of a board. Raises InputError when the board names one that does not exist."""
    root = resources.FIRMWARE_TEMPLATES / "platforms"
    folder = root / board.platform_dir
    if not (folder / "platform.toml").is_file():
        known = sorted(path.parent.name for path in root.glob("*/platform.toml"))
        raise InputError(
            f'{board.file}: platform_dir = "{board.platform_dir}" does not exist',
            f"one of these: {', '.join(known)}",
        )
    table: dict[str, Any] = tomllib.loads((folder / "platform.toml").read_text(encoding="utf-8"))
    platform = Platform(
        name=board.platform_dir,
        image=table["image"],
        folders=(folder, *(root / name for name in table.get("shared", ()))),
        uarts=table.get("uarts", {}),
        rx_ring_bytes=table.get("rx_ring_bytes", 0),
        flags=tuple(table["flags"]) if "flags" in table else None,
        standin=folder / table["standin"] if "standin" in table else None,
        sampling=table.get("sampling", {}),
    )
    if platform.uarts and board.uart.peripheral not in platform.uarts:
        raise InputError(
            f'{board.file}: uart.peripheral = "{board.uart.peripheral}" is unknown to {platform.name}',
            f"one of these: {', '.join(platform.uarts)}",
        )
    return platform


def render(platform: Platform, board: Board, live: bool = False) -> dict[str, str]:
    """File name -> text of the platform's sources for this board; linker scripts not among them.

    live: with what samples.
    """
    texts = {}
    for path in (*platform.files, *(platform.sensing if live else ())):
        if path.name == "linker.ld.j2":
            continue
        text = path.read_text(encoding="utf-8")
        texts[path.name.removesuffix(".j2")] = (
            fill(path, _context(platform, board, live)) if _is_template(path) else text
        )
    if platform.uarts:
        texts["board.h"] = _board_header(platform, board, live)
    return texts


def render_linker_script(platform: Platform, board: Board, stack_bytes: int) -> str:
    """The memory layout of a bare-metal image with a stack of `stack_bytes`."""
    template = next(path for path in platform.files if path.name == "linker.ld.j2")
    context = {
        "board": board,
        "memories": [_memory(memory) for memory in board.memories],
        "code_memory": f'"{board.memories_for("code")[0].name}"',
        "constants_memory": f'"{board.memories_for("constants")[0].name}"',
        "data_memory": f'"{board.memories_for("data")[0].name}"',
        "stack_bytes": stack_bytes,
    }
    return fill(template, context)


def _is_template(path: Path) -> bool:
    return path.suffix == ".j2"


def _context(platform: Platform, board: Board, live: bool) -> dict[str, Any]:
    uart = platform.uarts.get(board.uart.peripheral, {})
    named = {uart["irq"]: UART_HANDLER} if uart else {}
    if live and "irq" in platform.sampling:
        named[platform.sampling["irq"]] = SAMPLING_HANDLER
    return {
        "board": board,
        "uart": uart,
        "core_exceptions": [FAULT_HANDLER] * _CORE_EXCEPTIONS,
        "handlers": list(named.values()),
        "vectors": [named.get(line, FAULT_HANDLER) for line in range(max(named, default=-1) + 1)],
    }


def _board_header(platform: Platform, board: Board, live: bool) -> str:
    facts = {f"UART_{key.upper()}": value for key, value in platform.uarts[board.uart.peripheral].items()}
    facts["RX_RING_BYTES"] = platform.rx_ring_bytes
    if live:
        facts |= {f"SAMPLING_{key.upper()}": value for key, value in platform.sampling.items()}
    for key, option in board.options.items():
        if key.upper() in facts:
            raise InputError(
                f"{board.file}: options.{key} would replace a fact of the platform {platform.name}",
                "give the option another name",
            )
        if isinstance(option, int):
            facts[key.upper()] = int(option)
    lines = [f"#define EMG_{name} 0x{value:X}u" for name, value in facts.items()]
    guard = ("#ifndef EMG_BOARD_H", "#define EMG_BOARD_H", "")
    return "\n".join(
        (f"/* What platform.c needs to know of {board.name}. */", *guard, *lines, "", "#endif", "")
    )


def _memory(memory: Memory) -> dict[str, str]:
    access = "r" + ("w" if "data" in memory.holds else "") + ("x" if "code" in memory.holds else "")
    # In quotes the linker takes its own keywords and operators for names, too.
    return {
        "name": f'"{memory.name}"',
        "access": access,
        "origin": hex(memory.origin),
        "size": hex(memory.size),
    }


def fill(path: Path, context: dict[str, Any]) -> str:
    """A template's text, with the values that it names."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader((path.parent, path.parent.parent)),  # what neighbours share lies above them
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # C, not HTML; every value here was checked by boards.py
    )
    return environment.get_template(path.name).render(context)
