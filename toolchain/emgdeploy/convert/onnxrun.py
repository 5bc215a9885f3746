"""Running an ONNX model on windows with onnxruntime."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import packages
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.errors import InputError


def run(model: OnnxModel, windows: NDArray[np.float32], source: str) -> NDArray[np.float32]:
    """Outputs (N, K) for windows (N, *window shape). Raises InputError when onnxruntime refuses the model."""
    onnxruntime = packages.onnxruntime()
    options = onnxruntime.SessionOptions()
    # One thread: sums in one order, so that the ledger is the same each time.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.data, options, providers=["CPUExecutionProvider"])
        outputs = [session.run(None, {model.input_name: window[np.newaxis]})[0] for window in windows]
    except Exception as error:  # onnxruntime's classes derive from Exception alone
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"{source}: onnxruntime cannot run it ({reason})", "export the network again"
        ) from None
    return np.stack([np.asarray(y, np.float32).ravel() for y in outputs])
