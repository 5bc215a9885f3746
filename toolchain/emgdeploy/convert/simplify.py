"""onnxsim: folds constants and shape arithmetic, fuses batch normalization, keeps the function the same."""

from __future__ import annotations

from typing import Any

from emgdeploy import bounded, optional
from emgdeploy.convert import constants, onnxfile, packages
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.errors import InputError

# Folding may not blow a small file up into one that fills memory.
_LARGEST_FOLDED = "16MB"
_ROOM = 1 << 30
"""Bytes that folding and running a model may take: its tensors are bounded by `onnxsize`."""


def simplify(model: OnnxModel, source: str) -> OnnxModel:
    """The simplified model, checked again. Raises InputError when it cannot be simplified."""
    try:
        proto = _simplified(model)
        if not _fits_together(proto):
            # Its fusion of two means in a row forgets what becomes of the axes of the first.
            proto = _simplified(model, perform_optimization=False)
    except Exception as error:  # onnxsim raises whatever its C++ parts do
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"{source}: cannot be simplified ({reason})", "check that onnxruntime runs it"
        ) from None
    return constants.folded(onnxfile.check(proto, source), source)


def _simplified(model: OnnxModel, **options: bool) -> Any:
    onnxsim = optional.load("onnxsim", packages.EXTRA)
    with packages.muted(), bounded.memory(_ROOM):
        proto, _ = onnxsim.simplify(
            model.proto,
            overwrite_input_shapes={model.input_name: list(model.input_shape)},
            tensor_size_threshold=_LARGEST_FOLDED,
            **options,
        )
    return proto


def _fits_together(proto: Any) -> bool:
    """Whether the shapes of all operators follow from each other."""
    try:
        packages.onnx().shape_inference.infer_shapes(proto, strict_mode=True)
    except Exception:  # its own error class has moved between onnx's versions
        return False
    return True
