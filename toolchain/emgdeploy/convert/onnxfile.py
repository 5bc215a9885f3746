"""Reading an .onnx of unknown origin: one float input, one output, batch 1, nothing outside its folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy import bounded
from emgdeploy.convert import names, onnxsize, packages
from emgdeploy.errors import InputError
from emgdeploy.text import printable

_MAX_BYTES = 512 << 20
# Operators that change neither numbers nor how many there are.
MOVES = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})
# Operators that compute on integers.
_INTEGER_OPERATOR = re.compile(r"QLinear|QGemm|QAttention|ConvInteger|MatMulInteger|DynamicQuantize")
_EXPORT_HINT = "export it again: torch.onnx.export(network.eval(), (torch.zeros(1, C, H, W),), 'model.onnx')"


@dataclass(frozen=True)
class OnnxModel:
    """A parsed model; `input_shape` and `output_shape` hold the batch of 1."""

    proto: Any
    input_name: str
    input_shape: tuple[int, ...]
    output_name: str

    @property
    def data(self) -> bytes:
        return bytes(self.proto.SerializeToString(deterministic=True))


def load(path: Path) -> OnnxModel:
    """Read and check an .onnx file.

    A symbolic batch axis is fixed to 1. Raises InputError for a file that is damaged, has operators
    that ONNX does not know, keeps weights outside its folder, or has other inputs or outputs than one.
    """
    onnx = packages.onnx()
    try:
        proto = onnx.load_from_string(
            bounded.read(path, _MAX_BYTES, "check the path, or deploy a smaller network")
        )
    except Exception as error:  # protobuf's DecodeError has moved between its versions
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: is no ONNX model, or a damaged one", _EXPORT_HINT) from None
    if not proto.graph.node:
        raise InputError(f"{path}: holds no operators; it is no ONNX model, or a damaged one", _EXPORT_HINT)
    _check_text(proto, str(path))
    _load_external(proto, path)
    return check(proto, str(path))


def check(proto: Any, source: str) -> OnnxModel:
    """Check a parsed model, fix its batch to 1 and name its nodes after their layers; `source` names it in messages.

    Raises InputError.
    """
    onnx = packages.onnx()
    names.give(proto)
    _check_operators(proto, source)
    input_, output = _ends(proto, source)
    shape = _fixed_shape(input_, source)
    onnxsize.check(proto, shape, source)
    try:
        onnx.checker.check_model(proto)
    except Exception as error:  # the checker and the message classes raise many kinds for damaged files
        raise InputError(f"{source}: is not valid ONNX ({_first_line(error)})", _EXPORT_HINT) from None
    return OnnxModel(proto, input_.name, shape, output.name)


def _check_text(proto: Any, source: str) -> None:
    """Names that are no UTF-8 come out as bytes, which nothing after this expects."""
    nodes = proto.graph.node
    texts = [
        name for node in nodes for name in (node.op_type, node.domain, node.name, *node.input, *node.output)
    ]
    texts += [attribute.name for node in nodes for attribute in node.attribute]
    texts += [value.name for values in (proto.graph.input, proto.graph.output) for value in values]
    texts += [tensor.name for tensor in proto.graph.initializer]
    if not all(isinstance(name, str) for name in texts):
        raise InputError(f"{source}: a name in it is no text; the file is damaged", _EXPORT_HINT)


def _check_operators(proto: Any, source: str) -> None:
    onnx = packages.onnx()
    local = {(f.domain, f.name) for f in proto.functions}
    unknown: dict[str, str] = {}
    for node in proto.graph.node:
        if (node.domain, node.op_type) not in local and not onnx.defs.has(node.op_type, node.domain):
            domain = f"{node.domain}." if node.domain else ""
            unknown.setdefault(printable(f"{domain}{node.op_type}"), printable(node.name))
    whole = sorted({node.op_type for node in proto.graph.node if _INTEGER_OPERATOR.match(node.op_type)})
    if whole:
        raise InputError(
            f"{source}: is quantized in the QOperator format ({', '.join(whole)}), which says nothing of the float network",
            "quantize it again with quant_format=QuantFormat.QDQ, or give the float network",
        )
    if unknown:
        raise InputError(
            f"{source}: has operators that ONNX does not define: "
            + ", ".join(f"{operator} ({name})" for operator, name in unknown.items()),
            "export the network without custom operators",
        )


def _ends(proto: Any, source: str) -> tuple[Any, Any]:
    """The one input that is no constant, and the one output."""
    weights = {tensor.name for tensor in proto.graph.initializer}
    inputs = [value for value in proto.graph.input if value.name not in weights]
    outputs = list(proto.graph.output)
    if len(inputs) != 1 or len(outputs) != 1:
        raise InputError(
            f"{source}: has {len(inputs)} inputs and {len(outputs)} outputs, one of each is supported",
            "export the network with one input tensor and one output tensor",
        )
    for value in inputs if _ends_in_class(proto) else (inputs[0], outputs[0]):
        if value.type.tensor_type.elem_type != packages.onnx().TensorProto.FLOAT:
            raise InputError(f"{source}: {printable(value.name)!r} is not a float32 tensor", _EXPORT_HINT)
    return inputs[0], outputs[0]


def _ends_in_class(proto: Any) -> bool:
    """Whether the output is the number of a class, an integer, which `ending` turns into one number for each."""
    makers = {name: node for node in proto.graph.node for name in node.output}
    node = makers.get(proto.graph.output[0].name)
    for _ in range(len(makers)):
        if node is None or node.op_type not in MOVES:
            break
        node = makers.get(next(iter(node.input), ""))
    return node is not None and node.op_type == "ArgMax"


def _fixed_shape(value: Any, source: str) -> tuple[int, ...]:
    dims = value.type.tensor_type.shape.dim
    if not 2 <= len(dims) <= 4:
        raise InputError(f"{source}: its input has rank {len(dims)}; 2, 3 and 4 are supported", _EXPORT_HINT)
    if not dims[0].HasField("dim_value"):
        dims[0].dim_value = 1
    shape = tuple(int(d.dim_value) if d.HasField("dim_value") else -1 for d in dims)
    if min(shape) < 1:
        sizes = [printable(d.dim_param) or "?" if s < 1 else str(s) for d, s in zip(dims, shape, strict=True)]
        raise InputError(f"{source}: its input has no fixed shape: ({', '.join(sizes)})", _EXPORT_HINT)
    if shape[0] != 1:
        raise InputError(
            f"{source}: it was exported for batches of {shape[0]}; a device takes one window", _EXPORT_HINT
        )
    return shape


def _load_external(proto: Any, path: Path) -> None:
    """Pull weights kept in other files into the model, when these files lie below the model's folder."""
    onnx = packages.onnx()
    folder = path.resolve().parent
    for tensor in tensors(proto.graph):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        location = next((e.value for e in tensor.external_data if e.key == "location"), "")
        target = (folder / location).resolve()
        name = printable(tensor.name)
        if not location or not target.is_relative_to(folder):
            raise InputError(
                f"{path}: tensor {name!r} keeps its data in {printable(location)!r}, outside the model's folder",
                "save the model with its weights inside: onnx.save(model, path, save_as_external_data=False)",
            )
        if not target.is_file():
            raise InputError(
                f"{path}: tensor {name!r} keeps its data in {printable(location)!r}, which is missing",
                "copy the data file together with the model",
            )
        try:
            onnx.external_data_helper.load_external_data_for_tensor(tensor, str(folder))
        except (OSError, ValueError, RuntimeError, onnx.checker.ValidationError) as error:
            raise InputError(
                f"{path}: the data of tensor {name!r} cannot be read ({_first_line(error)})",
                "copy the data file together with the model",
            ) from None
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def tensors(graph: Any) -> Iterator[Any]:
    """Every constant tensor of a graph, those of attributes and subgraphs included."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            if attribute.HasField("g"):
                yield from tensors(attribute.g)
            for inner in attribute.graphs:
                yield from tensors(inner)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(lines[0])[:200] if lines else type(error).__name__
