"""What an inference would take on other boards: the cycles that a profile models, at other clocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emgdeploy import bounded
from emgdeploy.boards import list_boards
from emgdeploy.emulate.cycles import folder as profiles
from emgdeploy.errors import InputError
from emgdeploy.firmware.json_fields import Fields
from emgdeploy.firmware.manifest import Manifest


@dataclass(frozen=True)
class Elsewhere:
    """A board that one can hold, its clock, and one inference there: microseconds without waiting for memory."""

    name: str
    title: str
    clock_hz: int
    cycles: int
    micro: float


def of_build(folder: Path, manifest: Manifest) -> list[Elsewhere]:
    """Boards with the same kind of core, fastest first; none without a profile of this very firmware."""
    try:
        found = Fields(bounded.parsed(folder / profiles.FILE, ""), profiles.FILE)
        if found.text("firmware_build_id") != manifest.firmware_build_id:
            return []
        cycles = found.integer("cycles_without_waiting", 1)
        known = list_boards()
    except InputError:  # no profile, none with cycles, or a board file that is not in order
        return []
    boards = [
        board
        for board in known
        if board.emulator is None and board.core.rstrip("fd") == manifest.core.rstrip("fd")
    ]
    made = [Elsewhere(b.name, b.title, b.clock_hz, cycles, cycles / b.clock_hz * 1e6) for b in boards]
    return sorted(made, key=lambda board: (board.micro, board.name))
