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
from emgdeploy.firmware.exports.plain import rendered
from emgdeploy.firmware.manifest import Manifest

NAME = "emgdeploy.emg_model"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say: equal files, equal bytes


def files(folder: Path, manifest: Manifest, board: Board) -> dict[str, str | bytes]:
    """The pack's content, and the pack itself."""
    pack = f"{NAME}.{emgdeploy.__version__}.pack"
    code = sources.divided(folder, manifest)
    own = rendered(
        "cmsis-pack",
        manifest,
        board,
        pack=pack,
        model_headers=sorted({"emg/model.h", "emg/live.h"} & code.texts.keys()),
        model_sources=code.model,
        wire_sources=code.wire,
    )
    texts = {**code.texts, "LICENSE": resources.LICENSE.read_text(encoding="utf-8"), **own}
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
