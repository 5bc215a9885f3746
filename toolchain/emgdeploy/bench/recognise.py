"""Live recognition: samples in, gestures out, through the device."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.windows import quantized, to_device_layout
from emgdeploy.errors import InputError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.client import DeviceClient
from emgdeploy.signals import Preprocess
from emgdeploy.signals.single import Single
from emgdeploy.signals.stream import Stream


@dataclass(frozen=True)
class Recognised:
    """One window's gesture.

    end_s: its last sample, in seconds of the recording. gesture: class of the largest logit; voted: the
    most frequent of the last few windows, the latest of them on a tie. device_s: inference, in the device's
    own time. lag_s: from the window's being whole to its answer.
    """

    index: int
    end_s: float
    gesture: int
    voted: int
    device_s: float
    lag_s: float


class Vote:
    """The most frequent class of the last `count`; on a tie the one seen last."""

    def __init__(self, count: int) -> None:
        self._last: deque[int] = deque(maxlen=count)

    def __call__(self, gesture: int) -> int:
        self._last.append(gesture)
        counts = Counter(self._last)
        most = max(counts.values())
        return next(seen for seen in reversed(self._last) if counts[seen] == most)


def description(manifest: Manifest) -> Preprocess:
    """How the build's windows are made. Raises InputError where it does not know, or for another shape."""
    if manifest.preprocess is None:
        raise InputError(
            "this build does not know how windows are made from samples",
            "build with --preprocess FILE.toml, or from a checkpoint that brings its preprocessing",
        )
    preprocess = Preprocess.from_dict(manifest.preprocess, "manifest.json: preprocess")
    if preprocess.input_shape != manifest.input.window_shape:
        raise InputError(
            f"the build's preprocessing makes windows {preprocess.input_shape}, "
            f"its model takes {manifest.input.window_shape}",
            "build with the --preprocess that belongs to the model",
        )
    return preprocess


def recognise(
    manifest: Manifest, client: DeviceClient, pieces: Iterable[Single], vote: int
) -> Iterator[Recognised]:
    """Gestures of the windows that `pieces` (S, channels) in millivolts complete, in order.

    Raises InputError for samples that do not fit, LinkError's children.
    """
    preprocess, tally = description(manifest), Vote(vote)
    info = client.connect()
    whole: dict[int, float] = {}
    for answer in client.stream(_windows(manifest, preprocess, pieces, whole), 1):
        logits = np.frombuffer(answer.output, np.dtype(manifest.output.dtype).newbyteorder("<"))
        gesture = int(np.argmax(logits))
        yield Recognised(
            index=answer.index,
            end_s=_end(preprocess, answer.index),
            gesture=gesture,
            voted=tally(gesture),
            device_s=answer.ticks / (info.tick_hz or 1),
            lag_s=time.monotonic() - whole.pop(answer.index),
        )


def _end(preprocess: Preprocess, index: int) -> float:
    samples = index * preprocess.stride_samples + preprocess.window_samples
    return samples / preprocess.sample_rate_hz


def _windows(
    manifest: Manifest, preprocess: Preprocess, pieces: Iterable[Single], whole: dict[int, float]
) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of each window; `whole` takes when it was."""
    stream, index = Stream(preprocess), 0
    for piece in pieces:
        for x in _quantized(manifest, stream.push(piece).windows):
            whole[index] = time.monotonic()
            yield index, x.tobytes()
            index += 1


def _quantized(manifest: Manifest, windows: Single) -> NDArray[Any]:
    tensor = manifest.input
    dtype = np.dtype(tensor.dtype)
    x = to_device_layout(windows, tensor.window_axes)
    x = quantized(x, tensor.scale, tensor.zero_point, dtype)
    return x.astype(dtype.newbyteorder("<"))
