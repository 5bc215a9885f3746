"""What a build whose head can be replaced brings along for the day on which it is."""

from __future__ import annotations

from pathlib import Path

from emgdeploy.calibrate import prior
from emgdeploy.calibrate.head import Head
from emgdeploy.calibrate.prior import Prior
from emgdeploy.convert.windows import quantize_windows
from emgdeploy.deploy.job import Job
from emgdeploy.deploy.opened import Opened
from emgdeploy.errors import UsageError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.nets.levels import Levels
from emgdeploy.nets.placing import NOTE
from emgdeploy.signals.preprocess import Preprocess


def check(job: Job) -> None:
    """Raise UsageError where a calibration would have nothing to go on from."""
    learned = job.request.given.learned
    if job.request.adapt == "none":
        return
    if job.request.model.is_dir() and (job.request.model / prior.FILE).is_file():
        return
    if learned is None or learned.y is None or learned.x.dtype.kind != "f":
        raise UsageError(
            "--adapt head needs labelled windows of the training, from which a calibration goes on",
            "add --calibration run/calibration.npz, which `emgdeploy train` wrote",
        )


def write(job: Job, opened: Opened, made: Manifest, folder: Path) -> None:
    """Write adapt.npz of a build with an adaptable head."""
    if job.request.adapt == "none":
        return
    if opened.path.is_dir():
        (folder / prior.FILE).write_bytes((opened.path / prior.FILE).read_bytes())
        return
    learned, ends = job.request.given.learned, (made.input.scale, made.input.zero_point)
    assert learned is not None and learned.y is not None
    described = made.preprocess
    how = None if described is None else Preprocess.from_dict(described)
    notes = None if opened.checkpoint is None else opened.checkpoint.training.get(NOTE)
    x = quantize_windows(learned.x, *ends, job.work.golden.x.dtype, made.input.window_axes)
    classes = int(job.work.golden.y.reshape(len(job.work.golden), -1).shape[1])
    found = Prior.of(Head(job.work.tflite), x, learned.y, classes, ends, how, Levels.from_dict(notes, how))
    found.save(folder / prior.FILE)
