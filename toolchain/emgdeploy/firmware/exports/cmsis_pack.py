"""A CMSIS-Pack: the files of its components, their description (.pdsc), and both as one .pack.

The format is that of the Open-CMSIS-Pack specification, "Pack Description Format".
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import emgdeploy
from emgdeploy import resources
from emgdeploy.boards import Board
from emgdeploy.firmware.exports import sources
from emgdeploy.firmware.exports.plain import TEMPLATES, rendered
from emgdeploy.firmware.manifest import Manifest

NAME = "emgdeploy.emg_model"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say: equal files, equal bytes


def files(folder: Path, manifest: Manifest, board: Board) -> dict[str, str | bytes]:
    """The pack's content, and the pack itself."""
    version = emgdeploy.__version__
    pack = f"{NAME}.{version}.pack"
    texts = {f"emg/{name}": text for name, text in sources.application(folder, manifest).items()}
    texts["LICENSE"] = resources.LICENSE.read_text(encoding="utf-8")
    model = {f"emg/{name}" for name in sources.model(folder, manifest)}
    compiled = sources.compiled(texts)
    context: dict[str, object] = {
        "board": board,
        "manifest": manifest,
        "tool": f"emgdeploy {version}",
        "version": version,
        "pack": pack,
        "model_headers": sorted({"emg/model.h", "emg/live.h"} & model),
        "model_sources": [name for name in compiled if name in model],
        "wire_sources": [name for name in compiled if name not in model],
    }
    texts |= rendered(TEMPLATES / "cmsis-pack", context)
    return {**texts, pack: _zipped(texts)}


def _zipped(texts: dict[str, str]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name in sorted(texts):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, texts[name])
    return whole.getvalue()
