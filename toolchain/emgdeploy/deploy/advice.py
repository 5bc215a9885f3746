"""What would fit instead: a narrower network of the same family, another board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emgdeploy.boards import Board, list_boards
from emgdeploy.deploy.opened import Opened
from emgdeploy.firmware.memory_budget import Need, fits

if TYPE_CHECKING:
    from torch import nn


def ways_out(board: Board, system: str, need: Need, model: Opened) -> list[str]:
    """Each a clause with its verb; empty where nothing that we know would fit."""
    ways = []
    if model.checkpoint is not None:
        width = fitting_width(board, system, model.checkpoint.network)
        if width is not None:
            ways.append(f"width {width:g} fits (`emgdeploy train --model-width {width:g}`)")
    boards = [other.name for other in larger_boards(board, need)]
    if boards:
        ways.append(f"{' or '.join(boards)} has room for this one (--board)")
    return ways


def fitting_width(board: Board, system: str, network: nn.Module) -> float | None:
    """The largest published width below the network's own that fits, by bounds on what it will take."""
    from emgdeploy.nets.footprint import narrower

    for width, found in narrower(network):
        if fits(board, Need(found.most_constants, found.most_arena, found.busiest), system):
            return width
    return None


def larger_boards(board: Board, need: Need) -> list[Board]:
    """The other real boards with room for the model."""
    real = [other for other in list_boards() if other.emulator is None and other.name != board.name]
    return [other for other in real if fits(other, need)]
