"""Where the files that travel with the package lie: boards, firmware templates, models, the licence.

An installed wheel carries them under `_data`; in a checkout they stand at its top level.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parents[1]

BOARDS = _ROOT / "boards"
FIRMWARE_TEMPLATES = _ROOT / "firmware_templates"
MODELS = _ROOT / "models"
LICENSE = _ROOT / "LICENSE"
