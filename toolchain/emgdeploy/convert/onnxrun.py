"""Running an ONNX model on windows with onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import packages
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.errors import InputError


def run(model: OnnxModel, windows: NDArray[np.float32], source: str) -> NDArray[np.float32]:
    """Outputs (N, K) for windows (N, *window shape). Raises InputError when onnxruntime refuses the model."""
    opened = session(model.data, source)
    try:
        outputs = [opened.run(None, {model.input_name: window[np.newaxis]})[0] for window in windows]
    except Exception as error:
        raise _refused(error, source) from None
    return np.stack([np.asarray(y, np.float32).ravel() for y in outputs])


def session(data: bytes, source: str) -> Any:
    """An onnxruntime session. Raises InputError when onnxruntime refuses the model."""
    onnxruntime = packages.onnxruntime()
    options = onnxruntime.SessionOptions()
    # One thread: sums in one order, so that the ledger is the same each time.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise _refused(error, source) from None


def _refused(error: Exception, source: str) -> InputError:
    """onnxruntime's own classes derive from Exception alone."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return InputError(f"{source}: onnxruntime cannot run it ({reason})", "export the network again")
