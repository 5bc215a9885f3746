"""What a network answers on held-out windows, in float and in int8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import fakequant, methods, quantize, simplify
from emgdeploy.convert.calibration import Settings, evenly
from emgdeploy.convert.lowering import program
from emgdeploy.convert.pipeline import int8_logits
from emgdeploy.convert.source import Source
from emgdeploy.nets import experiment
from emgdeploy.nets.experiment import Task
from emgdeploy.signals.images import labelled_windows

# The reference interpreter takes 2 to 20 ms for each.
_WINDOWS, _CLOSER = 12_000, 16


def closer_windows(task: Task) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """At most 12,000 windows (N, *window shape) of the test trials with their classes (N,), sixteen times as close
    together as those of training: flips of a few windows weigh less."""
    closer = replace(task.preprocess, stride_ms=task.preprocess.stride_ms / _CLOSER)
    images = labelled_windows([task.dataset.recordings[i] for i in task.split.test], closer)
    return evenly(closer.normalised(images.features), _WINDOWS), evenly(images.y, _WINDOWS)


def calibration_windows(task: Task) -> NDArray[np.float32]:
    """As many of the training windows (N, *window shape) as `convert` calibrates on by default."""
    return evenly(experiment.calibration_windows(task).x, Settings().size)


def int8(
    origin: Source, x: NDArray[np.float32], calibration: NDArray[np.float32], method: str
) -> NDArray[np.float32]:
    """(N, classes) logits of the reference interpreter, by the way that `convert` goes."""
    simple, known = fakequant.separate(simplify.simplify(origin.model, origin.name), origin.name)
    ranges = methods.ranges_of(simple, calibration, method, known)
    lowered = program.lower(simple, origin.name, ranges)
    return int8_logits(quantize.int8_tflite(lowered), x, lowered.window_axes)


def share(logits: NDArray[np.float32], y: NDArray[np.int64]) -> float:
    """Of the windows whose largest logit is that of class y."""
    return float((logits.argmax(axis=1) == y).mean())


def table(rows: Sequence[dict[str, Any]], named: dict[str, str], shares: Sequence[str]) -> str:
    """Markdown: first what names a row, by title, then shares in percent."""
    titles = (*named.values(), *shares)
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for row in rows:
        names = (f"{row[key]:,}" if isinstance(row[key], int) else row[key] for key in named)
        lines.append(f"| {' | '.join((*names, *(f'{100 * row[key]:.2f}' for key in shares)))} |")
    return "\n".join(lines)
