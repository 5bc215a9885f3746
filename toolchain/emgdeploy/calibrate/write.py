"""A parameter set into the build's folder, whole or not at all."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.calibrate.recorded import Recorded
from emgdeploy.calibrate.solve import Solved
from emgdeploy.convert import golden as goldens
from emgdeploy.convert.golden import Golden
from emgdeploy.files import write_atomic
from emgdeploy.firmware import calibrations
from emgdeploy.firmware.manifest import Manifest

_MOST_WINDOWS = 200


def write(
    build: Path, manifest: Manifest, made: Solved, taken: Recorded, x: NDArray[Any], facts: dict[str, Any]
) -> str:
    """Write `<build>/calibrations/<id>/` and return the id; x: device integers of the windows put right; facts: what
    else the note says."""
    parameters = made.model.parameters()
    identity = calibrations.identity_of(parameters)
    folder = calibrations.place(build, identity)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / calibrations.PARAMETERS, parameters)
    write_atomic(folder / calibrations.MODEL, made.model.tflite)
    goldens.save(folder / calibrations.GOLDEN, _golden(build, manifest, made, taken, x))
    note = {
        "id": identity,
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "firmware_build_id": manifest.firmware_build_id,
        "bytes": len(parameters),
        **facts,
    }
    calibrations.seal(folder, note)
    return identity


def _golden(build: Path, manifest: Manifest, made: Solved, taken: Recorded, x: NDArray[Any]) -> Golden:
    """The build's own windows, which show that nothing else has changed, and those that calibrated, with answers of the
    reference interpreter."""
    own = goldens.load(manifest.artifact(build, "golden"))
    step = -(-len(x) // _MOST_WINDOWS)
    labels = np.concatenate([own.labels, taken.y[::step]]) if len(own.labels) else np.zeros(0, np.int64)
    windows = np.concatenate([own.x, x[::step]])
    ends = manifest.input.scale, manifest.input.zero_point
    y = made.model.answers(windows, *ends).reshape(len(windows), *own.y.shape[1:])
    return Golden(windows, y, np.zeros((0, 0), np.float32), labels, own.reference)
