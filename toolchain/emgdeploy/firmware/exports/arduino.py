"""A library for Arduino cores: the model, the wire protocol, and a sketch that speaks it."""

from __future__ import annotations

from pathlib import Path

from emgdeploy.boards import Board
from emgdeploy.errors import DoesNotFitError, UsageError
from emgdeploy.firmware import memory_budget as fits
from emgdeploy.firmware.exports import sources
from emgdeploy.firmware.exports.plain import rendered
from emgdeploy.firmware.manifest import Manifest


def files(
    folder: Path, manifest: Manifest, board: Board, memory_kb: int | None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The library's files, and what the user has to set.

    memory_kb: what will be chosen in the core's memory menu, None for its default. Raises
    DoesNotFitError naming the setting that suffices, UsageError for one that the menu has not.
    """
    menu = _menu(board, manifest, memory_kb)
    default = int(board.options.get("arduino_memory_kb", 0))
    own_code = manifest.flash_bytes - manifest.weights_bytes - manifest.params_bytes
    in_ram = manifest.flash_bytes if len(manifest.memories) == 1 else 0
    texts = {f"src/emg/{name}": text for name, text in sources.application(folder, manifest).items()}
    texts[f"src/emg/arduino/{sources.CYCLE_COUNTER}"] = sources.cycle_counter()
    texts |= rendered(
        "arduino",
        manifest,
        board,
        code_bytes=own_code,
        variables_bytes=manifest.ram_bytes - in_ram - manifest.stack_bytes,
        menu=menu,
        menu_default=default,
        default_enough=menu <= default,
        reserve_bytes=fits.reserve(board, "sdk"),
    )
    notes = (f"choose Tools > Memory > {menu} KB or more",) if menu > default else ()
    return texts, notes


def _menu(board: Board, manifest: Manifest, chosen: int | None) -> int:
    """The smallest memory setting that suffices, 0 for a board whose core has no such menu."""
    default, step = (int(board.options.get(f"arduino_memory{end}_kb", 0)) for end in ("", "_step"))
    if not step:
        if chosen is not None:
            raise UsageError(f"the Arduino core of {board.name} has no memory menu", "leave --memory out")
        return 0
    whole = sum(memory.size for memory in board.memories) // 1024
    settings = range(step, whole + 1, step)
    if chosen is not None and chosen not in settings:
        raise UsageError(
            f"the memory menu has no {chosen} KB", f"one of these: {', '.join(map(str, settings))}"
        )
    needed = manifest.ram_bytes + fits.reserve(board, "sdk")
    enough = [setting for setting in settings if setting * 1024 >= needed]
    if not enough or enough[0] > (chosen or default):
        raise _too_little(board, manifest, chosen or default, needed, enough)
    return enough[0]


def _too_little(
    board: Board, manifest: Manifest, setting: int, needed: int, enough: list[int]
) -> DoesNotFitError:
    which = f"the Arduino core's {setting} KB of memory"
    message = (
        f"the sketch does not fit {board.name}: {which} is {needed - setting * 1024:,} bytes too small "
        f"(weights and parameters take {manifest.weights_bytes + manifest.params_bytes:,}, the core "
        f"itself {fits.reserve(board, 'sdk'):,})"
    )
    if not enough:
        return DoesNotFitError(message, "no setting of Tools > Memory suffices: use a smaller model")
    return DoesNotFitError(
        message, f"Tools > Memory > {enough[0]} KB suffices: export with --memory {enough[0]}"
    )
