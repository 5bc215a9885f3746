"""Padding spelled out: `auto_pad` as sizes, where onnxruntime does not know it.

PyTorch exports padding='same' as auto_pad. onnxruntime refuses that beside a dilation, although ONNX defines it.
"""

from __future__ import annotations

from typing import Any

from emgdeploy.convert import onnxfile, packages
from emgdeploy.convert.onnxfile import OnnxModel

_SAME = (b"SAME_UPPER", b"SAME_LOWER")


def spelled(model: OnnxModel, source: str) -> OnnxModel:
    """The model with sizes instead of auto_pad at every dilated convolution and pool whose input shape is known."""
    if not any(_needs(node) for node in model.proto.graph.node):
        return model
    onnx = packages.onnx()
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    shapes = _shapes(proto)
    weights = {tensor.name: tuple(tensor.dims) for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if _needs(node):
            shape = shapes.get(node.input[0])
            size = (
                _ints(node, "kernel_shape")
                or weights.get(node.input[1] if len(node.input) > 1 else "", ())[2:]
            )
            if shape is not None and len(size) == len(shape) - 2:
                _spell(node, shape[2:], tuple(size))
    return onnxfile.check(proto, source)


def _needs(node: Any) -> bool:
    return _attribute(node, "auto_pad") in _SAME and any(d != 1 for d in _ints(node, "dilations"))


def _spell(node: Any, spatial: tuple[int, ...], size: tuple[int, ...]) -> None:
    """As ONNX defines it: ceil(input / stride) outputs, the odd one of the padding at the end (UPPER) or before."""
    dilations = _ints(node, "dilations")
    strides = _ints(node, "strides") or (1,) * len(spatial)
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilations, strict=True)]
    total = [max(0, (-(-n // s) - 1) * s + r - n) for n, s, r in zip(spatial, strides, reach, strict=True)]
    small, large = [t // 2 for t in total], [t - t // 2 for t in total]
    pads = small + large if _attribute(node, "auto_pad") == b"SAME_UPPER" else large + small
    kept = [a for a in node.attribute if a.name not in ("auto_pad", "pads")]
    kept.append(packages.onnx().helper.make_attribute("pads", pads))
    copies = [type(a).FromString(a.SerializeToString()) for a in kept]
    del node.attribute[:]
    node.attribute.extend(copies)


def _shapes(proto: Any) -> dict[str, tuple[int, ...]]:
    """The shapes that ONNX can infer, of tensors whose every size is known."""
    onnx = packages.onnx()
    try:
        inferred = onnx.shape_inference.infer_shapes(proto).graph
    except Exception:  # a graph that cannot be followed is refused later, by whoever runs it
        return {}
    found = {}
    for value in (*inferred.input, *inferred.value_info):
        dims = value.type.tensor_type.shape.dim
        if dims and all(d.HasField("dim_value") for d in dims):
            found[value.name] = tuple(int(d.dim_value) for d in dims)
    return found


def _attribute(node: Any, name: str) -> Any:
    return next((a.s for a in node.attribute if a.name == name), None)


def _ints(node: Any, name: str) -> tuple[int, ...]:
    return next((tuple(a.ints) for a in node.attribute if a.name == name), ())
