"""Choosing the format, and putting its files in place."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.boards import Board
from emgdeploy.errors import UsageError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import builds
from emgdeploy.firmware.exports import arduino, plain
from emgdeploy.firmware.manifest import Manifest

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


Texts = dict[str, str]


def _arduino(request: ExportRequest) -> tuple[Texts, tuple[str, ...]]:
    return arduino.files(request.folder, request.manifest, request.board, request.memory_kb)


def _c(request: ExportRequest) -> tuple[Texts, tuple[str, ...]]:
    return plain.c_files(request.folder, request.manifest, request.board), ()


def _nuttx(request: ExportRequest) -> tuple[Texts, tuple[str, ...]]:
    return plain.nuttx_files(request.folder, request.manifest), ()


FORMATS: dict[str, Callable[[ExportRequest], tuple[Texts, tuple[str, ...]]]] = {
    "arduino": _arduino,
    "c": _c,
    "nuttx": _nuttx,
}


def export(request: ExportRequest) -> Exported:
    """Write the files; an export that fails leaves what was there before.

    Raises UsageError for an unknown format or a folder of something else, DoesNotFitError, InputError.
    """
    if request.format not in FORMATS:
        raise UsageError(f"there is no format {request.format}", f"one of these: {', '.join(FORMATS)}")
    if request.memory_kb is not None and request.format != "arduino":
        raise UsageError("--memory is a setting of Arduino cores", "leave it out, or export --format arduino")
    texts, notes = FORMATS[request.format](request)
    table = {
        "schema": SCHEMA,
        "format": request.format,
        "board": request.manifest.board,
        "firmware_build_id": request.manifest.firmware_build_id,
        "model_sha256": request.manifest.model_sha256,
    }
    texts = {**texts, MARK: json.dumps(table, indent=2) + "\n"}
    with builds.replacing_folder(request.out, MARK, "export") as fresh:
        for name, text in sorted(texts.items()):
            write_atomic(fresh / name, text)
    return Exported(request.format, request.out, tuple(sorted(texts)), notes)
