"""A Zephyr module: the model, the wire protocol over a UART driver, and an application that answers the bench."""

from __future__ import annotations

from pathlib import Path

from emgdeploy.boards import Board
from emgdeploy.firmware.app import task_stack_bytes
from emgdeploy.firmware.exports import sources
from emgdeploy.firmware.exports.plain import rendered
from emgdeploy.firmware.manifest import Manifest

_GLUE = "emg/zephyr"


def files(folder: Path, manifest: Manifest, board: Board) -> dict[str, str]:
    """The module's files: `zephyr/` describes it, `emg/` is its code, `bench/` an application."""
    code = sources.divided(folder, manifest)
    own = rendered(
        "zephyr",
        manifest,
        board,
        model_sources=code.model,
        wire_sources=(*code.wire, f"{_GLUE}/emg_zephyr.c"),
        stack_bytes=task_stack_bytes(manifest.stack_bytes),
    )
    return {**code.texts, f"{_GLUE}/{sources.CYCLE_COUNTER}": sources.cycle_counter(), **own}
