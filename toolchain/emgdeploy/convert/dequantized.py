"""Weights and biases of a quantized ONNX file, which are integers behind a DequantizeLinear, as the floats they mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import packages
from emgdeploy.errors import InputError
from emgdeploy.text import printable

DOWN, UP, CLIP = "QuantizeLinear", "DequantizeLinear", "Clip"
_Known = dict[str, NDArray[Any]]


def constants(proto: Any) -> _Known:
    """The constants of a graph by name, those of Constant nodes included."""
    to_array = packages.onnx().numpy_helper.to_array
    found = {tensor.name: np.asarray(to_array(tensor)) for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            found[node.output[0]] = np.asarray(to_array(node.attribute[0].t))
    return found


def fold(proto: Any, source: str) -> _Known:
    """Replace each quantization and dequantization of constants by its result; returns all constants.

    Source: operators QuantizeLinear and DequantizeLinear of https://onnx.ai/onnx/operators/. Raises InputError for
    scales by block, which stand for several numbers of one channel.
    """
    numpy_helper = packages.onnx().numpy_helper
    known = constants(proto)
    kept = []
    for node in proto.graph.node:
        given = [known.get(name) for name in node.input if name]
        if (
            node.op_type not in (DOWN, UP, CLIP)
            or any(array is None for array in given)
            or node.output[0] in known
        ):
            kept.append(node)
            continue
        made = _computed(node, [array for array in given if array is not None], source)
        if made is None:
            kept.append(node)
            continue
        known[node.output[0]] = made
        proto.graph.initializer.append(numpy_helper.from_array(made, node.output[0]))
    copies = [type(node).FromString(node.SerializeToString()) for node in kept]
    del proto.graph.node[:]
    proto.graph.node.extend(copies)
    return known


def _computed(node: Any, given: list[NDArray[Any]], source: str) -> NDArray[Any] | None:
    if node.op_type == DOWN:
        return _down(node, given, source)
    if node.op_type == UP:
        return _up(node, given, source)
    if node.op_type == CLIP and len(given) == 3 and given[0].dtype.kind in "iu":
        return np.clip(*given)
    return None


def _down(node: Any, given: list[NDArray[Any]], source: str) -> NDArray[Any]:
    values, scale, zero = _aligned(node, given, source)
    limits = np.iinfo(zero.dtype)
    # Halves go to the even number.
    q = np.rint(values.astype(np.float32) / scale) + zero.astype(np.float64)
    return np.asarray(np.clip(q, limits.min, limits.max).astype(zero.dtype))


def _up(node: Any, given: list[NDArray[Any]], source: str) -> NDArray[Any]:
    values, scale, zero = _aligned(node, given, source)
    return np.asarray((values.astype(np.int64) - zero.astype(np.int64)).astype(np.float32) * scale)


def _aligned(node: Any, given: list[NDArray[Any]], source: str) -> tuple[NDArray[Any], ...]:
    """Values, scale and zero point, so that they broadcast."""
    values, scale, *rest = given
    zero = rest[0] if rest else np.zeros(scale.shape, np.uint8 if node.op_type == DOWN else values.dtype)
    attributes = {a.name: int(a.i) for a in node.attribute if a.name in ("axis", "block_size")}
    axis = attributes.get("axis", 1)
    whole = scale.size == 1
    fits = whole or (scale.ndim == 1 and -values.ndim <= axis < values.ndim)
    fits = fits and (whole or values.shape[axis] == scale.size) and zero.size in (1, scale.size)
    if not fits or attributes.get("block_size", 0) or zero.dtype.kind not in "iu":
        raise InputError(
            f"{source}: {printable(node.name)!r} has scales by block, or of another shape than its weights",
            "quantize weights by one scale for each tensor or each channel",
        )
    shape = [1] * values.ndim
    if not whole:
        shape[axis] = scale.size
    return (
        values,
        scale.astype(np.float32).reshape(shape),
        (zero if zero.size == scale.size else np.broadcast_to(zero.reshape(-1), scale.shape)).reshape(shape),
    )
