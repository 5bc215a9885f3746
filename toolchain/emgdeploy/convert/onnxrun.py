"""Running an ONNX model on windows with onnxruntime."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded
from emgdeploy.convert import packages
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.errors import InputError

# A model that makes a tensor of the size that a window says is known only when it runs.
_ROOM = 1 << 30


def run(model: OnnxModel, windows: NDArray[np.float32], source: str) -> NDArray[np.float32]:
    """Outputs (N, K) for windows (N, *window shape). Raises InputError when onnxruntime refuses the model."""
    opened = session(model.data, source)
    try:
        with bounded.memory(_ROOM):
            outputs = [opened.run(None, {model.input_name: window[np.newaxis]})[0] for window in windows]
    except Exception as error:
        raise _refused(error, source) from None
    return np.stack([np.asarray(y, np.float32).ravel() for y in outputs])


def compute(
    nodes: Sequence[Any],
    constants: Sequence[Any],
    opsets: Any,
    given: Mapping[str, NDArray[Any]],
    wanted: Sequence[str],
) -> list[NDArray[Any]] | None:
    """What a few nodes give, by onnx's own evaluator in numpy; None where it cannot.

    constants: the initializers they read; given: float32 vectors by name; wanted: the names of the results.
    """
    onnx = packages.onnx()
    evaluator = importlib.import_module("onnx.reference").ReferenceEvaluator
    inputs = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(values.shape))
        for name, values in given.items()
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in wanted]
    graph = onnx.helper.make_graph(list(nodes), "part", inputs, outputs, list(constants))
    model = onnx.helper.make_model(graph, opset_imports=opsets)
    try:
        with packages.muted(), np.errstate(all="ignore"):
            return [np.asarray(array) for array in evaluator(model).run(None, dict(given))]
    except Exception:  # it raises whatever numpy does
        return None


def session(data: bytes, source: str) -> Any:
    """An onnxruntime session. Raises InputError when onnxruntime refuses the model."""
    onnxruntime = packages.onnxruntime()
    options = onnxruntime.SessionOptions()
    # One thread: sums in one order, so that the ledger is the same each time.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        with bounded.memory(_ROOM):
            return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise _refused(error, source) from None


def _refused(error: Exception, source: str) -> InputError:
    """onnxruntime's own classes derive from Exception alone."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return InputError(f"{source}: onnxruntime cannot run it ({reason})", "export the network again")
