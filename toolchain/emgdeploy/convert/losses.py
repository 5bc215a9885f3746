"""Which tensor of a network loses most by being int8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import onnxrun, packages
from emgdeploy.convert.ledger import relative_error
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.errors import InputError
from emgdeploy.nets.ranges import Range
from emgdeploy.text import printable

# Enough to see what matters: every tensor takes a session of its own.
_WINDOWS = 24
# The largest loss explains a failed gate if it is at least this share of the whole.
_EXPLAINS = 0.25


@dataclass(frozen=True)
class Loss:
    """`error`: of the logits, relative to their spread, where this tensor alone is rounded to its range."""

    tensor: str
    maker: str
    range: Range
    error: float


def worst(model: OnnxModel, ranges: Mapping[str, Range], windows: NDArray[np.float32]) -> Loss | None:
    """The tensor of the float network whose rounding alone costs the logits most, on some of the windows
    (N, *window shape); None where that cannot be told."""
    x = windows[np.linspace(0, len(windows) - 1, min(_WINDOWS, len(windows))).astype(int)]
    exact = onnxrun.run(model, x, "losses")
    makers = {name: node for node in model.proto.graph.node for name in node.output}
    found: list[Loss] = []
    for name, held in ranges.items():
        if name != model.input_name and name not in makers:
            continue
        try:
            error = relative_error(onnxrun.run(_rounded(model, name, held), x, "losses"), exact)
        except InputError:  # an opset that does not know how to round
            return None
        if error is not None:
            maker = f"{makers[name].op_type} {makers[name].name!r}" if name in makers else "the input"
            found.append(Loss(name, maker, held, error))
    return max(found, key=lambda loss: loss.error, default=None)


def explained(loss: Loss | None, whole: float | None) -> str:
    """Half a sentence on what lost `whole`, to stand behind the reason of a failed gate."""
    if loss is None or whole is None:
        return ""
    what = f"{printable(loss.tensor)!r} (of {printable(loss.maker)}, {loss.range.low:.3g} to {loss.range.high:.3g})"
    cost = f"rounded alone it costs {loss.error:.2g} of the logits' spread"
    if loss.error < _EXPLAINS * whole:
        return f"; no tensor alone explains it: {what} loses most, {cost}"
    return f"; tensor {what} loses most: {cost}"


def _rounded(model: OnnxModel, name: str, held: Range) -> OnnxModel:
    """The model with one tensor rounded to the int8 steps of its range."""
    onnx = packages.onnx()
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    graph = proto.graph
    scale, zero, down, up = (f"{name}/{part}" for part in ("scale", "zero", "int8", "rounded"))
    graph.initializer.append(onnx.numpy_helper.from_array(np.float32(held.scale).reshape(()), scale))
    graph.initializer.append(onnx.numpy_helper.from_array(np.int8(held.zero_point).reshape(()), zero))
    pair = [
        onnx.helper.make_node("QuantizeLinear", [name, scale, zero], [down]),
        onnx.helper.make_node("DequantizeLinear", [down, scale, zero], [up]),
    ]
    nodes: list[Any] = [*pair] if name == model.input_name else []
    for node in graph.node:
        copied = type(node).FromString(node.SerializeToString())
        copied.input[:] = [up if given == name else given for given in node.input]
        nodes.append(copied)
        if name in node.output:
            nodes.extend(pair)
    del graph.node[:]
    graph.node.extend(nodes)
    output = model.output_name
    if name == output:
        graph.output[0].name = output = up
    return OnnxModel(proto, model.input_name, model.input_shape, output)
