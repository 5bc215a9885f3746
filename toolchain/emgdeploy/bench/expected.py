"""What each layer must make of one window: the reference interpreter's tensors, in the device's order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.reference import Reference, evaluate
from emgdeploy.convert.windows import as_file_takes
from emgdeploy.cores import CORES
from emgdeploy.errors import InputError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.firmware.manifest_parts import Layer

if TYPE_CHECKING:
    from emgdeploy.codegen import GeneratedModel


@dataclass(frozen=True)
class Expected:
    """model: generated anew from the build's .tflite; outputs: of its steps, with as many channels as they have."""

    model: GeneratedModel
    layers: tuple[Layer, ...]
    outputs: tuple[NDArray[Any], ...]


def of_window(folder: Path, manifest: Manifest, window: NDArray[Any]) -> Expected:
    """window: (*device shape) of the input's dtype.

    Raises InputError for a folder whose parts do not belong together, ToolMissingError without an interpreter.
    """
    tflite = manifest.artifact(folder, "tflite").read_bytes()
    reference = Reference(tflite)
    ends = manifest.input
    given = as_file_takes(window[None], reference.input.dtype, ends.scale, ends.zero_point)[0]
    wanted = reference.tensors(given)
    model = _generate(tflite, manifest, given, wanted[reference.output.index][0])
    if [_named(layer) for layer in model.layers] != [_named(layer) for layer in manifest.layers]:
        raise InputError(
            "this version of emgdeploy generates other layers than the one that made the build",
            "build the folder again",
        )
    outputs = (np.ascontiguousarray(origin.of(wanted[origin.tensor])) for origin in model.origins)
    return Expected(model, manifest.layers, tuple(outputs))


def _named(layer: Any) -> tuple[int, str, str, int]:
    return layer.index, layer.op, layer.name, layer.out_bytes


def _generate(
    tflite: bytes, manifest: Manifest, window: NDArray[Any], answer: NDArray[Any]
) -> GeneratedModel:
    from emgdeploy.codegen import CodegenOptions, generate
    from emgdeploy.graph import read_tflite

    isa, chosen = CORES[manifest.core].isa, manifest.chosen or {}
    options = CodegenOptions((window, answer), optimize=manifest.optimize, isa=isa, chosen=chosen)
    return generate(read_tflite(tflite, evaluate=evaluate), options)
