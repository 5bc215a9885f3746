"""What is refused before minutes go into a conversion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from emgdeploy.boards import Board
from emgdeploy.firmware.memory_budget import Need, check, least_use
from emgdeploy.text import printable


def check_checkpoint(board: Board, model: Path, factory: str | None, system: str = "nuttx") -> None:
    """Refuse a network whose weights alone are too many, before minutes go into its conversion.

    Raises TooLarge with lower bounds; InputError for a broken checkpoint.
    """
    from emgdeploy.nets.checkpoint import load_checkpoint
    from emgdeploy.nets.footprint import footprint

    checkpoint = load_checkpoint(model, factory)
    found = footprint(checkpoint.network, checkpoint.input_shape)
    need = Need(found.weights, found.busiest_bytes, f"the layer {printable(found.busiest)}")
    check(board, least_use(board, replace(need, arena=0), system), need, system)
