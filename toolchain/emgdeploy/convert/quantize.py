"""TFLiteConverter: the lowered function as a float .tflite, and as an int8 one with chosen ranges."""

from __future__ import annotations

from typing import Any

from emgdeploy.convert import packages
from emgdeploy.convert.lowering.program import Program
from emgdeploy.errors import EmgDeployError, InputError


def float_tflite(program: Program) -> bytes:
    """The float32 .tflite: shows what the lowering alone changed."""
    return _convert(_converter(program))


def int8_tflite(program: Program) -> bytes:
    """int8 inside and out, weights scaled for each channel, activations as the program's ranges say.

    The program must have been lowered with a range for each of `points`.
    """
    tf = packages.tensorflow()
    converter = _converter(program)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
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
