"""Choosing the format, and putting its files in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emgdeploy import resources
from emgdeploy.boards import Board
from emgdeploy.errors import UsageError
from emgdeploy.files import write_atomic
from emgdeploy.firmware.exports import arduino, cmsis_pack, plain, zephyr
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.folders import replacing_folder

MARK = "emgdeploy-export.json"
SCHEMA = "emgdeploy.export/1"


@dataclass(frozen=True)
class ExportRequest:
    """What to export where. memory_kb: the setting of the Arduino core's memory menu, None for its default."""

    folder: Path
    manifest: Manifest
    board: Board
    format: str
    out: Path
    memory_kb: int | None = None


@dataclass(frozen=True)
class Exported:
    """What was written. files: relative to `out`; notes: what the user still has to do."""

    format: str
    out: Path
    files: tuple[str, ...]
    notes: tuple[str, ...]


Contents = Mapping[str, str | bytes]


def _arduino(request: ExportRequest) -> tuple[Contents, tuple[str, ...]]:
    return arduino.files(request.folder, request.manifest, request.board, request.memory_kb)


def _c(request: ExportRequest) -> tuple[Contents, tuple[str, ...]]:
    return plain.c_files(request.folder, request.manifest, request.board), ()


def _cmsis_pack(request: ExportRequest) -> tuple[Contents, tuple[str, ...]]:
    return cmsis_pack.files(request.folder, request.manifest, request.board), ()


def _nuttx(request: ExportRequest) -> tuple[Contents, tuple[str, ...]]:
    return plain.nuttx_files(request.folder, request.manifest), ()


def _zephyr(request: ExportRequest) -> tuple[Contents, tuple[str, ...]]:
    return zephyr.files(request.folder, request.manifest, request.board), ()


FORMATS: dict[str, Callable[[ExportRequest], tuple[Contents, tuple[str, ...]]]] = {
    "arduino": _arduino,
    "c": _c,
    "cmsis-pack": _cmsis_pack,
    "nuttx": _nuttx,
    "zephyr": _zephyr,
}


def export(request: ExportRequest) -> Exported:
    """Write the files; an export that fails leaves what was there before.

    Raises UsageError for an unknown format, a build with taps or a folder of something else, DoesNotFitError,
    InputError.
    """
    if request.format not in FORMATS:
        raise UsageError(f"there is no format {request.format}", f"one of these: {', '.join(FORMATS)}")
    if request.manifest.taps_of is not None:
        raise UsageError(f"{request.folder} is a build with taps", "export the same build without --taps")
    if request.memory_kb is not None and request.format != "arduino":
        raise UsageError("--memory is a setting of Arduino cores", "leave it out, or export --format arduino")
    contents, notes = FORMATS[request.format](request)
    table = {
        "schema": SCHEMA,
        "format": request.format,
        "board": request.manifest.board,
        "firmware_build_id": request.manifest.firmware_build_id,
        "model_sha256": request.manifest.model_sha256,
    }
    licence = resources.LICENSE.read_text(encoding="utf-8")
    contents = {**contents, "LICENSE": licence, MARK: json.dumps(table, indent=2) + "\n"}
    kept: list[str] = []
    with replacing_folder(request.out, MARK, "export", say=kept.append) as fresh:
        for name in sorted(contents):
            write_atomic(fresh / name, contents[name])
    return Exported(request.format, request.out, tuple(sorted(contents)), (*notes, *kept))
