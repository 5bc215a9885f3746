"""`<build>/calibrations/<id>/`: parameter sets of a build, made for another day or person after it was built."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from emgdeploy import bounded
from emgdeploy.errors import DeviceMismatchError, InputError
from emgdeploy.files import write_atomic
from emgdeploy.firmware.integrity import of_folder
from emgdeploy.firmware.manifest import AS_BUILT, Manifest
from emgdeploy.signals.placement import Placement
from emgdeploy.signals.preprocess import Preprocess

FOLDER, SCHEMA = "calibrations", "emgdeploy.calibrate/1"
PARAMETERS, GOLDEN, MODEL, NOTE = "params.bin", "golden.npz", "model.int8.tflite", "calibrate.json"
_HINT = "calibrate again"


def identity_of(parameters: bytes) -> str:
    """64 hexadecimal digits: what handshake, folder and note call a set."""
    return hashlib.sha256(parameters).hexdigest()


def place(build: Path, identity: str) -> Path:
    """The folder of a set."""
    return build / FOLDER / identity


def seal(folder: Path, note: Mapping[str, Any]) -> None:
    """Write calibrate.json over the other files in `folder`, with a hash of each: last, so that a set without it is
    none."""
    hashes = {name: digest for name, digest in of_folder(folder).items() if name != NOTE}
    write_atomic(folder / NOTE, json.dumps({"schema": SCHEMA, **note, "hashes": hashes}, indent=2) + "\n")


def listed(build: Path) -> list[dict[str, Any]]:
    """The notes of every set of a build, the oldest first; what is damaged is left out."""
    found = []
    for folder in sorted((build / FOLDER).glob("*")):
        try:
            found.append(read(build, folder.name))
        except InputError:
            continue
    return sorted(found, key=lambda note: str(note.get("made", "")))


def read(build: Path, identity: str) -> dict[str, Any]:
    """The note of a set. Raises InputError where it, or a file of the set, is missing or not as it was made."""
    folder = place(build, identity)
    note = bounded.parsed(folder / NOTE, _HINT)
    hashes = note.get("hashes") if isinstance(note, dict) else None
    if (
        not isinstance(hashes, dict)
        or set(hashes) != {PARAMETERS, GOLDEN, MODEL}
        or note.get("schema") != SCHEMA
    ):
        raise InputError(f"{folder / NOTE}: is no note of a calibration", _HINT)
    changed = [name for name in hashes if of_folder(folder).get(name) != hashes[name]]
    if changed or note.get("id") != identity or identity_of((folder / PARAMETERS).read_bytes()) != identity:
        raise InputError(f"{folder}: changed since it was made: {', '.join(changed) or NOTE}", _HINT)
    return dict(note)


def in_use(build: Path, manifest: Manifest, identity: str) -> Manifest:
    """The manifest of the build as it is with this set: its model, golden windows and placement.

    Raises DeviceMismatchError for a set that is not in the folder, InputError for a damaged one.
    """
    if identity == AS_BUILT:
        return manifest
    if not set(identity) <= set("0123456789abcdef") or not place(build, identity).is_dir():
        raise DeviceMismatchError(
            f"the device uses the parameter set {identity[:12]!a}, which {build / FOLDER} does not have",
            "copy its folder there, or give it up with emgdeploy calibrate --port PORT --rollback",
        )
    note, folder = read(build, identity), f"{FOLDER}/{identity}"
    files = {"tflite": f"{folder}/{MODEL}", "golden": f"{folder}/{GOLDEN}"}
    hashes = {f"{folder}/{name}": str(digest) for name, digest in note["hashes"].items()}
    return replace(
        manifest,
        artifacts=manifest.artifacts | files,
        hashes=(manifest.hashes or {}) | hashes,
        preprocess=_placed(manifest, note),
        parameter_set=identity,
    )


def _placed(manifest: Manifest, note: Mapping[str, Any]) -> dict[str, Any] | None:
    if manifest.preprocess is None:
        return None
    how = Preprocess.from_dict(manifest.preprocess, "manifest.json: preprocess")
    array = note.get("array")
    shape = (int(array[0]), int(array[1])) if isinstance(array, list) and len(array) == 2 else None
    return Placement.parse(str(note.get("placement", "none"))).of(how, shape).to_dict()
