"""The model alone in C99, and the application folder of NuttX as the build made it."""

from __future__ import annotations

from pathlib import Path

import emgdeploy
from emgdeploy import resources
from emgdeploy.boards import Board
from emgdeploy.errors import UsageError
from emgdeploy.firmware.exports import sources
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.firmware.platform import fill

_TEMPLATES = resources.FIRMWARE_TEMPLATES / "exports"


def c_files(folder: Path, manifest: Manifest, board: Board) -> dict[str, str]:
    """`emg/` with the model and its kernels, an example, a README, CMake's description."""
    texts = {f"emg/{name}": text for name, text in sources.model(folder, manifest).items()}
    return texts | rendered("c", manifest, board, sources=sources.compiled(texts))


def nuttx_files(folder: Path, manifest: Manifest) -> dict[str, str]:
    """What lies in the build's `app`. Raises UsageError for a build of another platform."""
    if "app" not in manifest.artifacts:
        raise UsageError(
            f"the build in {folder} is for {manifest.board}, which does not run NuttX",
            "build for a board that does (`emgdeploy build --board spresense`) and export that",
        )
    app = manifest.artifact(folder, "app")
    made = None if manifest.hashes is None else {(folder / name).resolve() for name in manifest.hashes}
    paths = [path for path in sorted(app.rglob("*")) if path.is_file() and not path.is_symlink()]
    paths = [path for path in paths if made is None or path in made]
    return {path.relative_to(app).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def rendered(kind: str, manifest: Manifest, board: Board, **more: object) -> dict[str, str]:
    """Every file of a format's own folder, templates filled with the build's facts and what it needs `more`."""
    top, version = _TEMPLATES / kind, emgdeploy.__version__
    context = {
        "board": board,
        "manifest": manifest,
        "tool": f"emgdeploy {version}",
        "version": version,
        **more,
    }
    texts = {}
    for path in sorted(top.rglob("*")):
        if path.is_file():
            name = path.relative_to(top).as_posix()
            template = path.suffix == ".j2"
            texts[name.removesuffix(".j2")] = (
                fill(path, context) if template else path.read_text(encoding="utf-8")
            )
    return texts
