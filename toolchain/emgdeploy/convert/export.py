"""PyTorch to ONNX: the same network gives the same bytes, and nothing is said on the way."""

from __future__ import annotations

import io
from typing import Any

from emgdeploy.convert import names, onnxfile, packages
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.errors import InputError

_OPSET = 17


def export(network: Any, input_shape: tuple[int, ...], source: str) -> OnnxModel:
    """Export a torch module in evaluation mode for windows (1, *input_shape) float32.

    Raises InputError when the network cannot run on such a window or cannot be expressed in ONNX.
    """
    torch = packages.torch()
    window = torch.zeros(1, *input_shape)
    try:
        with torch.no_grad():
            network(window)
    except Exception as error:  # a user's own network may raise anything
        raise InputError(
            f"{source}: the network does not run on a window of shape {input_shape} ({_reason(error)})",
            "check its input_shape (C, H, W)",
        ) from None
    proto = packages.onnx().load_from_string(_exported(network, window, source))
    names.give(proto)
    _strip(proto)
    return onnxfile.check(proto, source)


def _exported(network: Any, window: Any, source: str) -> bytes:
    """The tracing exporter takes a tenth of the newer one's time; that one stands in where tracing fails."""
    torch = packages.torch()
    reason = ""
    for options in ({"dynamo": False}, {"dynamo": True, "external_data": False, "verbose": False}):
        target = io.BytesIO()
        try:
            with packages.muted(), torch.no_grad():
                torch.onnx.export(network, (window,), target, opset_version=_OPSET, **options)
            return target.getvalue()
        except (
            Exception
        ) as error:  # both exporters raise classes of their own, and TypeError where one is gone
            reason = reason or _reason(error)
    raise InputError(
        f"{source}: the network cannot be exported to ONNX ({reason})",
        "export it yourself with torch.onnx.export and give the .onnx",
    )


def _strip(proto: Any) -> None:
    """Exporters note the source lines that made each node: paths of this machine, different on the next."""
    for node in proto.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for values in (proto.graph.input, proto.graph.output, proto.graph.value_info):
        for value in values:
            value.doc_string = ""
            del value.metadata_props[:]
    proto.doc_string = proto.graph.doc_string = ""
    del proto.metadata_props[:]
    del proto.graph.metadata_props[:]


def _reason(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
