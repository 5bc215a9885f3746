"""The windows of a bench and the answers that are right."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.bench.watch import CLAMPED_SHARE
from emgdeploy.convert import golden as goldens
from emgdeploy.convert.reference import Reference
from emgdeploy.convert.windows import as_file_takes, clamped, quantize_windows
from emgdeploy.errors import InputError, UsageError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.graph.numerics import other_sign
from emgdeploy.signals import leaks, windowfile
from emgdeploy.signals.images import window_classes
from emgdeploy.signals.matching import Matched
from emgdeploy.signals.recordings import Recording
from emgdeploy.signals.traces import Trace
from emgdeploy.signals.windowfile import Windows


@dataclass(frozen=True)
class Workload:
    """x (N, *device shape) of the input dtype; y (N, *output shape), what the reference answers.

    classes: (N,) true classes or None; float_classes: (N,) what the network said before
    quantization or None. numbers: (N,) which window of its source each is, None: they are all there. source and reference: where x and y come from, in words. doubts: why it has no classes, and what
    may be wrong with the windows.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    classes: NDArray[np.int64] | None
    float_classes: NDArray[np.int64] | None
    source: str
    reference: str
    doubts: tuple[str, ...] = ()
    numbers: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.x)

    def spread(self, limit: int | None) -> Workload:
        """So many windows, as many of each class as there are, or all of them; in their order.

        Without true classes those that the reference answers stand for them.
        """
        if limit is None or limit >= len(self):
            return self
        known = self.classes if self.classes is not None else self.y.reshape(len(self), -1).argmax(axis=1)
        nth_of_its_class = np.zeros(len(self), np.int64)
        for one in np.unique(known):
            nth_of_its_class[known == one] = np.arange((known == one).sum())
        kept = np.sort(np.argsort(nth_of_its_class, kind="stable")[:limit])
        return replace(
            self,
            x=self.x[kept],
            y=self.y[kept],
            classes=None if self.classes is None else self.classes[kept],
            float_classes=None if self.float_classes is None else self.float_classes[kept],
            numbers=kept if self.numbers is None else self.numbers[kept],
        )

    def number(self, index: int) -> int:
        """Which window of the source it is."""
        return index if self.numbers is None else int(self.numbers[index])

    def window(self, index: int) -> bytes:
        """The bytes that go into the device's input buffer, little-endian."""
        return _bytes(self.x[index])

    def answer(self, index: int) -> bytes:
        """The bytes that must come out of its output buffer, little-endian."""
        return _bytes(self.y[index])


def _bytes(values: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()


def from_build(folder: Path, manifest: Manifest) -> Workload:
    """The windows that travel with the build. Raises InputError when they do not fit it."""
    path = manifest.artifact(folder, "golden")
    golden = goldens.load(path)
    work = Workload(
        x=golden.x,
        y=golden.y,
        classes=golden.labels if len(golden.labels) else None,
        float_classes=golden.float_logits.argmax(1).astype(np.int64) if len(golden.float_logits) else None,
        source="the build's golden windows",
        reference=golden.reference,
    )
    _check(work, manifest, str(path))
    _check_classes(work.classes, None, outputs_of(manifest), str(path))
    return work


def outputs_of(manifest: Manifest) -> int:
    """How many numbers one answer has."""
    return math.prod(manifest.output.shape)


def from_file(path: Path, folder: Path, manifest: Manifest) -> Workload:
    """Windows of a file, with answers computed here by the reference interpreter.

    Classes are those of the build's labels, matched by name. Integers of the input's dtype in the device's layout pass unchanged; other numbers are quantized.
    Raises InputError for a bad file or gestures that the build does not know, UsageError for one without windows, ToolMissingError without the
    interpreter.
    """
    windows = windowfile.load(path, allow_empty=True).named_as(manifest.output.labels, str(path))
    return _of_windows(windows, path, folder, manifest)


def from_recording(matched: Matched, recording: Recording, folder: Path, manifest: Manifest) -> Workload:
    """The windows of a recording as live recognition makes them, with answers by the reference interpreter; of a
    recording with classes those of one class. Raises as `from_file` does."""
    x, preprocess = matched.preprocess.apply(recording.samples), matched.preprocess
    y = window_classes(recording.labels, preprocess)
    windows = Windows(x)
    if (y >= 0).any():
        windows = Windows(x[y >= 0], y[y >= 0], matched.dataset.labels or None)
    place = Path(recording.title)
    return _of_windows(windows.named_as(manifest.output.labels, recording.title), place, folder, manifest)


def _of_windows(windows: Windows, path: Path, folder: Path, manifest: Manifest) -> Workload:
    tensor = manifest.input
    dtype = np.dtype(tensor.dtype)
    if not len(windows):
        raise UsageError(
            f"{path}: there are no windows to bench in it", "give a file with at least one window"
        )
    shape, doubts = tuple(windows.x.shape[1:]), list[str]()
    reference = Reference(manifest.artifact(folder, "tflite").read_bytes(), keep_tensors=False)
    if windows.x.dtype == dtype and dtype.kind in "iu" and shape == tensor.shape:
        x = np.ascontiguousarray(windows.x)
    elif windows.x.dtype == reference.input.dtype == np.uint8 and shape == tensor.shape:
        x = other_sign(windows.x)
    elif shape != tensor.window_shape:
        raise InputError(
            f"{path}: windows have shape {shape}, this build takes {tensor.window_shape}",
            "make the windows with the preprocessing of this model",
        )
    else:
        x = quantize_windows(windows.x, tensor.scale, tensor.zero_point, dtype, tensor.window_axes)
        doubts = _beyond(windows.x, path, manifest)
    _check_classes(windows.y, windows.labels, outputs_of(manifest), str(path))
    seen = _seen_before(windows, manifest, path)
    doubts += seen
    classes = None if seen else windows.y
    work = Workload(
        x, _answers(reference, x, manifest), classes, None, path.name, reference.version, tuple(doubts)
    )
    _check(work, manifest, str(path))
    return work


def answers_to(x: NDArray[Any], folder: Path, manifest: Manifest) -> NDArray[Any]:
    """(N, *input.shape) windows as the device takes them -> what it must answer, by the reference interpreter.

    Raises ToolMissingError without it.
    """
    return _answers(
        Reference(manifest.artifact(folder, "tflite").read_bytes(), keep_tensors=False), x, manifest
    )


def _beyond(x: NDArray[Any], path: Path, manifest: Manifest) -> list[str]:
    """A doubt where more of the numbers lie beyond the ends of the input than any effort puts there."""
    tensor = manifest.input
    share = clamped(x.astype(np.float32), tensor.scale, tensor.zero_point, np.dtype(tensor.dtype)) / x.size
    if share <= CLAMPED_SHARE:
        return []
    return [
        f"{path.name}: {share:.0%} of the numbers are beyond what the model's input can hold: are these windows normalised, "
        "in the unit that it was trained on? Its answers mean little"
    ]


def _seen_before(windows: Windows, manifest: Manifest, path: Path) -> list[str]:
    """Why an accuracy on these windows would say too much."""
    if manifest.seen_windows is None or windows.y is None:
        return []
    seen = Trace.from_dict(manifest.seen_windows, "manifest.json")
    shared = leaks.shared_windows(seen, windows.x)
    if not len(shared):
        return []
    return [
        f"{path.name}: the model was trained or calibrated on at least {len(shared)} of these {len(windows)} windows; "
        "bits are compared, but no accuracy is given"
    ]


def _answers(reference: Reference, x: NDArray[Any], manifest: Manifest) -> NDArray[Any]:
    """What the device must answer to its integers x, also where the model's own ends are others.

    A model of floats begins with QUANTIZE and ends with DEQUANTIZE, one of uint8 with QUANTIZE at
    both ends, which the device leaves out. All of it is exact: float32(scale * (q - zero point))
    quantizes to q again.
    """
    ends = manifest.input, manifest.output
    y = reference.run(as_file_takes(x, reference.input.dtype, ends[0].scale, ends[0].zero_point))
    dtype = np.dtype(ends[1].dtype)
    if y.dtype == dtype:
        return y
    if y.dtype == np.uint8:
        return other_sign(y)
    axes = tuple(range(y.ndim - 1))
    return quantize_windows(y, ends[1].scale, ends[1].zero_point, dtype, axes)


def _check_classes(
    classes: NDArray[np.int64] | None, labels: tuple[str, ...] | None, count: int, place: str
) -> None:
    """Class numbers and names must be those of the model's outputs."""
    if classes is not None and len(classes) and not (classes.min() >= 0 and classes.max() < count):
        worst = int(classes.max() if classes.max() >= count else classes.min())
        raise InputError(
            f"{place}: y holds class {worst}, the model has classes 0 to {count - 1}",
            "take windows that were labelled for this model",
        )
    if labels is not None and len(labels) != count:
        raise InputError(
            f"{place}: there are {len(labels)} labels, the model has {count} outputs",
            "take windows that were labelled for this model",
        )


def _check(work: Workload, manifest: Manifest, place: str) -> None:
    for name, values, tensor in (("x", work.x, manifest.input), ("y", work.y, manifest.output)):
        if tuple(values.shape[1:]) != tensor.shape or values.dtype != np.dtype(tensor.dtype):
            raise InputError(
                f"{place}: {name} holds {values.dtype} of shape {tuple(values.shape[1:])}, "
                f"the build has {tensor.dtype} of shape {tensor.shape}",
                "build the folder again",
            )
