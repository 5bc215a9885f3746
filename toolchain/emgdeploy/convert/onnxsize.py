"""How much memory an ONNX model asks for, before any library makes room for it.

A model of a hundred bytes can name an input of 10**18 numbers, or compute one.
"""

from __future__ import annotations

import math
from typing import Any

from emgdeploy.convert import packages
from emgdeploy.errors import InputError
from emgdeploy.text import printable

_MOST_NUMBERS = 1 << 24
"""Of one tensor: 64 MB in float32, far more than a microcontroller has for the same in int8."""
_MOST_IN_ALL = 1 << 27
_HINT = "deploy a smaller network"


def check(proto: Any, input_shape: tuple[int, ...], source: str) -> None:
    """Raises InputError for a model whose input, constants or intermediate tensors are too large.

    input_shape holds the batch. What ONNX's shape inference cannot tell is left to `bounded.memory`.
    """
    _check_shape(input_shape, "its input", source)
    for tensor in (*proto.graph.initializer, *_constants(proto)):
        _check_shape(tuple(tensor.dims), f"the constant {printable(tensor.name)!r:.60}", source)
    whole = 0
    for value in _inferred(proto):
        dims = value.type.tensor_type.shape.dim
        shape = tuple(dim.dim_value for dim in dims if dim.HasField("dim_value"))
        _check_shape(shape, f"the tensor {printable(value.name)!r:.60}", source)
        whole += math.prod(shape)
    if whole > _MOST_IN_ALL:
        raise InputError(f"{source}: its tensors hold {whole:,} numbers in all", _HINT)


def _check_shape(shape: tuple[int, ...], what: str, source: str) -> None:
    if math.prod(max(0, size) for size in shape) > _MOST_NUMBERS:
        raise InputError(
            f"{source}: {what} has the shape {shape}, which is more than any board can hold", _HINT
        )


def _constants(proto: Any) -> list[Any]:
    return [
        attribute.t for node in proto.graph.node for attribute in node.attribute if attribute.HasField("t")
    ]


def _inferred(proto: Any) -> list[Any]:
    """Every tensor that shape inference knows the shape of; none where it fails, which others will say."""
    onnx = packages.onnx()
    try:
        known = onnx.shape_inference.infer_shapes(proto, data_prop=True).graph
    except Exception:  # its C++ parts raise many kinds for damaged models
        return []
    return [*known.value_info, *known.output]
