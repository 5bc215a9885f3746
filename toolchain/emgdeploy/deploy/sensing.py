"""What `build --live` adds to a firmware: a source of samples, a ring, and events."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import resources
from emgdeploy.codegen.literals import float_literal
from emgdeploy.codegen.render import initializer
from emgdeploy.deploy.request import LiveRequest
from emgdeploy.deploy.workload import Workload
from emgdeploy.errors import InputError
from emgdeploy.firmware.live import Recognition
from emgdeploy.firmware.platform import fill
from emgdeploy.signals import Preprocess, given
from emgdeploy.signals.acquisition import Acquisition

ARTIFACT, FILE = "live", "live.npz"
_RUNTIME = resources.FIRMWARE_TEMPLATES / "runtime"
_LEAST_RING = 16
_MOST_COUNT = 32767


@dataclass(frozen=True)
class Sensing:
    """sources: path in the build folder -> text. files: name in the build folder -> bytes. facts: for the manifest."""

    sources: dict[str, str]
    defines: tuple[str, ...]
    files: dict[str, bytes]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Recording:
    """counts: (S, channels) int16; scale: millivolts of one."""

    counts: NDArray[np.int16]
    scale: np.float32

    @property
    def millivolts(self) -> NDArray[np.float32]:
        """(S, channels) as the device takes them, in the same bits."""
        return self.counts.astype(np.float32) * self.scale


def sensing(live: LiveRequest, work: Workload, recognition: Recognition, least_ring: int) -> Sensing:
    """least_ring: samples that the platform wants room for. Raises InputError for a model that does not say how its windows are made, and for an unreadable recording."""
    if work.preprocess is None or not recognition.sources:
        raise InputError(
            "--live makes windows of samples on the device: "
            + (recognition.notes[0] if recognition.notes else "the model does not say how"),
            "build from a checkpoint of emgdeploy train, or give --preprocess FILE.toml",
        )
    preprocess = Preprocess.from_dict(work.preprocess)
    found = None if live.recording is None else _read(live.recording, work)
    texts = dict(recognition.sources)
    for path in sorted((_RUNTIME / "sensing").glob("*.[ch]")):
        texts[f"src/runtime/sensing/{path.name}"] = path.read_text(encoding="utf-8")
    texts["src/recording.c"] = _recording_c(found)
    ring = _ring(max(least_ring, 2 * preprocess.stride_samples + 1))
    facts = {
        "ring_samples": ring,
        "channels": max(preprocess.electrodes) + 1,
        "recording_samples": 0 if found is None else len(found.counts),
    }
    files = {} if found is None else {FILE: _saved(found)}
    return Sensing(texts, (f"-DEMG_LIVE={ring}u",), files, facts)


def _ring(least: int) -> int:
    """A power of two of samples, for those that come while an older window is inferred."""
    size = _LEAST_RING
    while size < least:
        size *= 2
    return size


@lru_cache(maxsize=2)
def _loaded(path: Path, preprocess: str, acquisition: str) -> Recording:
    import json

    told = json.loads(acquisition)
    how = given.reading(
        Preprocess.from_dict(json.loads(preprocess)),
        None if told is None else Acquisition.from_dict(told, "acquisition"),
        *(None, None, None),
    )
    matched, _ = given.from_file(path, how)
    samples = matched.dataset.recordings[0].samples[:, : how.least]
    if not np.isfinite(samples).all():
        raise InputError(f"{path}: holds samples that are no numbers", "give a recording without them")
    scale = np.float32(max(float(np.abs(samples).max(initial=0)) / _MOST_COUNT, 1e-12))
    return Recording(np.round(samples / scale).astype(np.int16), scale)


def _read(path: Path, work: Workload) -> Recording:
    import json

    return _loaded(path, json.dumps(work.preprocess), json.dumps(work.acquisition))


def _recording_c(found: Recording | None) -> str:
    context = {"samples": 0, "scale": "0.0f", "counts": "0"}
    if found is not None:
        counts = initializer(found.counts.ravel())
        context = {"samples": len(found.counts), "scale": float_literal(float(found.scale)), "counts": counts}
    return fill(resources.FIRMWARE_TEMPLATES / "model" / "recording.c.j2", context)


def _saved(found: Recording) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, counts=found.counts, scale=found.scale)
    return buffer.getvalue()


def load(path: Path) -> Recording:
    """What the image plays, from the build folder. Raises InputError."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            counts, scale = arrays["counts"], arrays["scale"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is not a recording of a build", "build the folder again") from error
    if counts.ndim != 2 or counts.dtype != np.int16 or scale.shape != () or scale.dtype != np.float32:
        raise InputError(f"{path} is not a recording of a build", "build the folder again")
    return Recording(counts, np.float32(scale))
