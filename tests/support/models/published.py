"""The published models of ../shared, and windows that suit each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.reference import Reference
from emgdeploy.graph import read_tflite
from emgdeploy.graph.passes import simplify
from support.machines.proof import windows_of

TFLITE = {
    "ad": "models/mlperf_tiny/ad01_int8.tflite",
    "ic": "models/mlperf_tiny/pretrainedResnet_quant.tflite",
    "kws": "models/mlperf_tiny/kws_ref_model.tflite",
    "vww": "models/mlperf_tiny/vww_96_int8.tflite",
    "emg-16x8": "models/seed/mobilenetv2_published.tflite",
}
TO_CONVERT = {
    "emg-onnx": "models/seed/MobilenetV2_published.onnx",
    "m5": "models/seed/M5_recover.pt",
}
WINDOW_KINDS = ("random", "extreme", "constant", "smooth")


def tflite_of(name: str, shared: Path, folder: Path) -> bytes:
    """The model's .tflite; made from a checkpoint or ONNX file where that is what was published."""
    if name in TFLITE:
        return (shared / TFLITE[name]).read_bytes()
    from emgdeploy.convert.pipeline import convert_model

    calibration = raw_counts() if name == "m5" else None
    return convert_model(shared / TO_CONVERT[name], folder, calibration).tflite.read_bytes()


def raw_counts() -> NDArray[np.float32]:
    """Windows as M5 was trained on, by its weights: raw counts in the thousands, neighbours alike."""
    steps = np.random.default_rng(5).normal(size=(100, 1, 3840, 1))
    return (300 * np.cumsum(steps, axis=2)).astype(np.float32)


def windows(tflite: bytes, each: int, seed: int = 0) -> NDArray[Any]:
    """`each` windows of every kind, in the file's input type, over the whole range of the device's."""
    graph = simplify(read_tflite(tflite))
    image = graph.tensors[graph.inputs[0]]
    reach = float(image.q.scale) * np.iinfo(np.dtype(str(image.dtype))).max
    reference = Reference(tflite, keep_tensors=False)
    return np.concatenate([windows_of(reference, each, kind, seed, reach) for kind in WINDOW_KINDS])
