"""The build folder that a verb works on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.firmware.manifest import Manifest


def find(build: Path | None, console: Console) -> tuple[Path, Manifest]:
    """`build` or the most recent one, with a warning when nothing in it proves that it is as it was built.

    Raises what `builds.find` does.
    """
    from emgdeploy.firmware import builds

    folder, manifest = builds.find(build)
    warn(folder, manifest, console)
    return folder, manifest


def warn(folder: Path, manifest: Manifest, console: Console) -> None:
    """Say so when a folder has no hashes."""
    if manifest.hashes is None:
        console.warn(
            f"{folder} was built by version 0.1.0, which kept no hashes: nobody can tell whether its files are "
            "as they were built. Building it again adds them"
        )
