"""arena.json: where each tensor lies in the arena, and from which step to which."""

from __future__ import annotations

import json
from pathlib import Path

from emgdeploy.codegen import GeneratedModel
from emgdeploy.files import write_atomic

SCHEMA = "emgdeploy.arena/1"
FILE = "arena.json"


def save(folder: Path, model: GeneratedModel, identity: str) -> None:
    """Write it into a build folder. A buffer holds something from step `first` (-1: before all) to step `last`, both
    included; sizes in bytes; scratch has no tensor."""
    buffers = [
        {
            "name": place.tensor or f"scratch of step {place.first}",
            "scratch": not place.tensor,
            "offset": place.offset,
            "bytes": place.size,
            "first": place.first,
            "last": place.last,
        }
        for place in model.places
    ]
    found = {
        "schema": SCHEMA,
        "firmware_build_id": identity,
        "arena_bytes": model.arena_bytes,
        "buffers": buffers,
    }
    write_atomic(folder / FILE, json.dumps(found, indent=1) + "\n")
