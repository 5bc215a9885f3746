"""`<out>/app`: the firmware as a folder that another build system takes in unchanged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import emgdeploy
from emgdeploy.files import write_atomic
from emgdeploy.firmware.image import Recipe
from emgdeploy.firmware.platform import fill

FOLDER = "app"

# The system's calls run on the task's own stack, and so does what an interrupt pushes: a reserve, generous
# beside the 928 bytes in all that the application used under NuttX on an emulated Cortex-M4F.
SYSTEM_STACK_BYTES = 2048


def task_stack_bytes(own: int) -> int:
    """Stack of the task for an application that needs `own` bytes by itself, in steps of 512."""
    return (own + SYSTEM_STACK_BYTES + 511) // 512 * 512


def write(folder: Path, recipe: Recipe, identity: str, stack: int) -> None:
    """Fill `folder`/app from the platform's templates and the sources in `folder`/src.

    stack: bytes that the application itself needs.
    """
    templates = recipe.platform.app
    if templates is None:
        return
    main = next(path for path in recipe.sources if path.name.endswith("main.c"))
    context: dict[str, Any] = {
        "board": recipe.board,
        "tool": f"emgdeploy {emgdeploy.__version__}",
        "build_id": identity,
        "main": main.as_posix(),
        "sources": sorted(path.as_posix() for path in recipe.sources if path != main),
        "flags": ("-O2", *recipe.defines),
        "stack_bytes": task_stack_bytes(stack),
    }
    for path in sorted(templates.rglob("*")):
        if path.is_file():
            name = path.relative_to(templates).as_posix().removesuffix(".j2")
            text = fill(path, context) if path.suffix == ".j2" else path.read_text(encoding="utf-8")
            write_atomic(folder / FOLDER / name, text)
    shutil.copytree(folder / "src", folder / FOLDER / "src")
