"""What is refused before minutes go into a conversion."""

from __future__ import annotations

from dataclasses import replace

from emgdeploy.boards import Board
from emgdeploy.deploy.opened import Opened
from emgdeploy.firmware.memory_budget import Need, check, least_use
from emgdeploy.text import printable


def check_checkpoint(board: Board, model: Opened, system: str = "nuttx") -> None:
    """Refuse a network whose weights alone are too many. Raises TooLarge with lower bounds."""
    if model.checkpoint is None:
        return
    from emgdeploy.nets.footprint import footprint

    found = footprint(model.checkpoint.network, model.checkpoint.input_shape)
    need = Need(found.weights, found.busiest_bytes, f"the layer {printable(found.busiest)}")
    check(board, least_use(board, replace(need, arena=0), system), need, system)
