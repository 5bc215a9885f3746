"""onnxsim: folds constants and shape arithmetic, fuses batch normalization, keeps the function the same."""

from __future__ import annotations

from emgdeploy import optional
from emgdeploy.convert import onnxfile, packages
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.errors import InputError

# Folding may not blow a small file up into one that fills memory.
_LARGEST_FOLDED = "16MB"


def simplify(model: OnnxModel, source: str) -> OnnxModel:
    """The simplified model, checked again. Raises InputError when it cannot be simplified."""
    onnxsim = optional.load("onnxsim", packages.EXTRA)
    try:
        with packages.muted():
            proto, _ = onnxsim.simplify(
                model.proto,
                overwrite_input_shapes={model.input_name: list(model.input_shape)},
                tensor_size_threshold=_LARGEST_FOLDED,
            )
    except Exception as error:  # onnxsim raises whatever its C++ parts do
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"{source}: cannot be simplified ({reason})", "check that onnxruntime runs it"
        ) from None
    return onnxfile.check(proto, source)
