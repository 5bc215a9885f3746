"""TFLiteConverter: the lowered function as a float .tflite, and as an int8 one with chosen ranges."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from emgdeploy.convert import packages
from emgdeploy.convert.loops import carry_integers
from emgdeploy.convert.lowering.program import Program
from emgdeploy.errors import EmgDeployError, InputError

# The cell among the operator's inputs.
_CELL = 19
_SMALLEST_CELL_SCALE = np.float32(2.0**-15)


def float_tflite(program: Program) -> bytes:
    """The float32 .tflite: shows what the lowering alone changed."""
    with _converter(program) as converter:
        return _convert(converter)


def int8_tflite(program: Program, windows: NDArray[np.float32] | None = None) -> bytes:
    """int8 inside and out, weights scaled for each channel, activations as the program's ranges say.

    The program must have been lowered with a range for each of `quant_points`. One with recurrent layers must have
    been lowered without: the converter finds all its ranges on `windows` (N, *device shape), by smallest and
    largest value, because those of a layer's states stand in no other tensor.
    """
    tf = packages.tensorflow()
    with _converter(program) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        if program.recurrent:
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: ([window[None]] for window in _given(windows))
            return _settled(_convert(converter))
        return carry_integers(_convert(converter))


def int16_tflite(program: Program, windows: NDArray[np.float32]) -> bytes:
    """int16 inside and out, with int8 weights. The converter finds the ranges on `windows` (N, *device shape), by
    smallest and largest value; the program must have been lowered without ranges."""
    tf = packages.tensorflow()
    with _converter(program) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
        converter.inference_input_type = tf.int16
        converter.inference_output_type = tf.int16
        converter.representative_dataset = lambda: ([window[None]] for window in windows)
        return _convert(converter)


def _settled(data: bytes) -> bytes:
    """The same file, its LSTM cells at scales of 2**-15 or more, and alike in every run.

    In buffers that no tensor has, the converter leaves what was in its memory. It gives a cell that stays below one
    half a smaller scale, for which the reference's tanh writes nothing; no constant depends on this scale. Source: ApplyTanh in portable_tensor_utils.cc of google-ai-edge/LiteRT.
    """
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(data))
    used = {t.buffer for graph in model.subgraphs for t in graph.tensors}
    used |= {entry.buffer for entry in model.metadata or ()}
    for number, buffer in enumerate(model.buffers):
        if number not in used:
            buffer.data = None
    lstm = tflite.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM
    for graph in model.subgraphs:
        for op in graph.operators:
            if model.operatorCodes[op.opcodeIndex].builtinCode == lstm:
                quantization = graph.tensors[op.inputs[_CELL]].quantization
                quantization.scale = np.maximum(quantization.scale, _SMALLEST_CELL_SCALE)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _given(windows: NDArray[np.float32] | None) -> NDArray[np.float32]:
    if windows is None:
        raise ValueError("a recurrent network needs windows to be quantized")
    return windows


@contextmanager
def _converter(program: Program) -> Iterator[Any]:
    tf = packages.tensorflow()
    # The converter wants an object that owns the function's variables; there are none.
    module = tf.Module()
    if not program.recurrent:
        yield tf.lite.TFLiteConverter.from_concrete_functions([program.function], module)
        return
    # Only functions of a SavedModel keep the names by which the converter knows a recurrent layer.
    module.network = program.function
    with tempfile.TemporaryDirectory() as folder:
        with packages.muted():
            tf.saved_model.save(module, folder, signatures=program.function)
            converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        yield converter


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
