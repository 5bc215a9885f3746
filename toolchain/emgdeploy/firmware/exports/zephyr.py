"""A Zephyr module: the model, the wire protocol over a UART driver, and an application that answers the bench."""

from __future__ import annotations

from pathlib import Path

import emgdeploy
from emgdeploy import resources
from emgdeploy.boards import Board
from emgdeploy.firmware.app import task_stack_bytes
from emgdeploy.firmware.exports import sources
from emgdeploy.firmware.exports.plain import TEMPLATES, rendered
from emgdeploy.firmware.manifest import Manifest

_GLUE = "emg/zephyr"


def files(folder: Path, manifest: Manifest, board: Board) -> dict[str, str]:
    """The module's files: `zephyr/` describes it, `emg/` is its code, `bench/` an application."""
    model = {f"emg/{name}" for name in sources.model(folder, manifest)}
    texts = {f"emg/{name}": text for name, text in sources.application(folder, manifest).items()}
    counter = resources.FIRMWARE_TEMPLATES / "platforms" / "dwt" / "cycle_counter.h"
    texts[f"{_GLUE}/{counter.name}"] = counter.read_text(encoding="utf-8")
    compiled = sources.compiled(texts)
    context: dict[str, object] = {
        "board": board,
        "manifest": manifest,
        "tool": f"emgdeploy {emgdeploy.__version__}",
        "model_sources": [name for name in compiled if name in model],
        "wire_sources": [*(name for name in compiled if name not in model), f"{_GLUE}/emg_zephyr.c"],
        "stack_bytes": task_stack_bytes(manifest.stack_bytes),
    }
    return texts | rendered(TEMPLATES / "zephyr", context)
