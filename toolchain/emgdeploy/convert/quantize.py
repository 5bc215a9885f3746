"""TFLiteConverter: the lowered function as a float .tflite, and as an int8 one calibrated on real windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import packages
from emgdeploy.convert.lowering.program import Program
from emgdeploy.errors import EmgDeployError, InputError


def float_tflite(program: Program) -> bytes:
    """The float32 .tflite: shows what the lowering alone changed."""
    return _convert(_converter(program))


def int8_tflite(program: Program, calibration: NDArray[np.float32]) -> bytes:
    """int8 inside and out, weights scaled for each channel, activations from the ranges seen.

    calibration: (N, *window shape) float32 in ONNX's order.
    """
    tf = packages.tensorflow()
    windows = np.ascontiguousarray(calibration.transpose(0, *(axis + 1 for axis in program.window_axes)))

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for window in windows:
            yield [window[np.newaxis]]

    converter = _converter(program)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return _convert(converter)


def _converter(program: Program) -> Any:
    tf = packages.tensorflow()
    # The converter wants an object that owns the function's variables; there are none.
    return tf.lite.TFLiteConverter.from_concrete_functions([program.function], tf.Module())


def _convert(converter: Any) -> bytes:
    try:
        with packages.muted():
            return bytes(converter.convert())
    except EmgDeployError:
        raise
    except Exception as error:  # MLIR passes raise their own classes
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"TFLiteConverter refuses the network: {reason}", "report the network to this project"
        ) from None
