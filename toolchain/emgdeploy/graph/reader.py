"""A .tflite file (other people's bytes) to a Graph."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.names import named_after_layers
from emgdeploy.graph.operators import operators
from emgdeploy.graph.operators.conversion import DEQUANTIZE, QUANTIZE
from emgdeploy.graph.passes.float_rows import normalizations
from emgdeploy.graph.passes.loops import with_loops
from emgdeploy.graph.passes.tabulate import Evaluator, Region, regions, tabulate
from emgdeploy.graph.types import Graph, Op, Quantization, Tensor, quoted
from emgdeploy.graph.validate import validate

# TensorType numbers of the TFLite schema that a quantized CNN can hold.
_DTYPES: dict[int, np.dtype[np.generic]] = {
    0: np.dtype(np.float32),
    2: np.dtype(np.int32),
    3: np.dtype(np.uint8),
    4: np.dtype(np.int64),
    6: np.dtype(np.bool_),
    7: np.dtype(np.int16),
    9: np.dtype(np.int8),
}
_OTHER_DTYPES = {1: "elements of float16", 17: "elements of int4"}
_MAX_RANK = 8
# What to take in place of operators that people meet.
_INSTEAD = {
    "SUM": "take the mean, and let the next layer's weights make up for the number of values",
    "CUSTOM": "export the network with TensorFlow Lite's own operators alone",
}


@dataclass(frozen=True)
class Function:
    """The layer that computes it, its operators, and the names of the file's tensors that it reads and writes.

    tabled: a build computes it as a table of 256; without it, in single precision.
    """

    layer: str
    operators: tuple[str, ...]
    tensors: frozenset[str]
    tabled: bool = True


def read_tflite(data: bytes, source: str = "model.tflite", evaluate: Evaluator | None = None) -> Graph:
    """Parse and validate a .tflite file; beside its first subgraph it may have those of its loops.

    `source` names the file in messages. evaluate: fills the tables of functions that the reference computes in
    float or by operators without an int8 form of ours; without it they are refused. Raises InputError when the file is damaged, holds an
    operator outside the supported set, or breaks a rule of the quantization scheme.
    """
    with flat.guarded(source):
        graph = _parsed(data, source)
        graph = replace(graph, tensors=named_after_layers(graph.tensors, graph.ops))
        return validate(tabulate(graph, data, evaluate) if evaluate else graph)


def read_functions(data: bytes, source: str = "model.tflite") -> list[Function]:
    """The functions of one int8 tensor that such a file computes in other types within, and a build exactly."""
    with flat.guarded(source):
        graph = _parsed(data, source)
        tensors = named_after_layers(graph.tensors, graph.ops)

        def function(ops: tuple[Op, ...], last: int, tabled: bool) -> Function:
            return Function(
                tensors[last].name,
                tuple(op.kind.name for op in ops if op.kind not in (DEQUANTIZE, QUANTIZE)),
                frozenset(graph.tensors[i].name for op in ops for i in (*op.inputs, *op.outputs)),
                tabled,
            )

        found = [one for one in _outermost(regions(graph)) if not _all_int8(graph, one)]
        tables = [function(one.ops, one.exit, tabled=True) for one in found]
        return tables + [function(one.ops, one.exit, tabled=False) for one in normalizations(graph)]


def _all_int8(graph: Graph, region: Region) -> bool:
    return all(graph.out(op).dtype == np.int8 for op in region.ops)


def _outermost(found: list[Region]) -> list[Region]:
    """Those that are no part of a later one."""
    parts = [{op.index for op in region.ops} for region in found]
    return [one for i, one in enumerate(found) if not any(parts[i] < later for later in parts[i + 1 :])]


def _parsed(data: bytes, source: str) -> Graph:
    """The graph as the file has it, nothing of it believed yet."""
    model = flat.root(data, source)
    with flat.guarded(source):
        return with_loops(_subgraph(model, 0, source), lambda number: _subgraph(model, number, source))


def _subgraph(model: Any, number: int, source: str) -> Graph:
    if not 0 <= number < model.SubgraphsLength():
        raise InputError(f"{source} is damaged: it has no subgraph {number}", flat.HINT)
    subgraph = model.Subgraphs(number)
    tensors = _read_tensors(model, subgraph, source)
    ops = _read_ops(model, subgraph, tensors, source)
    return Graph(
        tensors=tensors,
        ops=ops,
        inputs=_indices(subgraph, "Inputs", tensors, source),
        outputs=_indices(subgraph, "Outputs", tensors, source),
        source=source,
        file_ops=tuple(op.kind for op in ops),
    )


def _indices(table: Any, field: str, tensors: dict[int, Tensor], source: str) -> tuple[int, ...]:
    indices = tuple(int(i) for i in flat.vector(table, field, source))
    for i in indices:
        if i != -1 and i not in tensors:
            raise InputError(
                f"{source} is damaged: {field} names tensor {i}, which does not exist", flat.HINT
            )
    return indices


def _read_tensors(model: Any, subgraph: Any, source: str) -> dict[int, Tensor]:
    return {
        i: _read_tensor(model, subgraph.Tensors(i), i, source)
        for i in flat.count(source, "tensors", subgraph.TensorsLength())
    }


def _read_tensor(model: Any, table: Any, index: int, source: str) -> Tensor:
    name = _read_name(table, index, source)
    where = f"{source}: tensor {index} ({quoted(name)})"
    if table.Type() not in _DTYPES:
        raise InputError(
            f"{where} has {_OTHER_DTYPES.get(table.Type(), f'element type number {table.Type()}')}, "
            "which is not supported",
            "quantize the model to int8, or to int16 activations with int8 weights",
        )
    if table.Sparsity() is not None:
        raise InputError(f"{where} is sparse, which is not supported", "export the weights densely")
    dtype = _DTYPES[table.Type()]
    shape = tuple(int(d) for d in flat.vector(table, "Shape", source, _MAX_RANK))
    if any(d < 0 for d in shape) or any(d > flat.MAX_ELEMENTS for d in shape):
        raise InputError(f"{where} has the impossible shape {shape}", flat.HINT)
    signature = flat.vector(table, "ShapeSignature", source, _MAX_RANK)
    quant = _read_quantization(table, where, source)
    tensor = Tensor(
        index,
        name,
        shape,
        dtype,
        quant,
        open_shape=bool(np.any(signature == -1)),
        variable=bool(table.IsVariable()),
    )
    if tensor.elements > flat.MAX_ELEMENTS:
        raise InputError(
            f"{where} has {tensor.elements} elements; at most {flat.MAX_ELEMENTS} are accepted", flat.HINT
        )
    return _with_data(model, table, tensor, where)


def _read_name(table: Any, index: int, source: str) -> str:
    try:
        return str((table.Name() or b"").decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"{source}: tensor {index} has a name that is no UTF-8", flat.HINT) from None


def _with_data(model: Any, table: Any, tensor: Tensor, where: str) -> Tensor:
    if not 0 <= table.Buffer() < model.BuffersLength():
        raise InputError(f"{where} names buffer {table.Buffer()}, which does not exist", flat.HINT)
    buffer = model.Buffers(table.Buffer())
    if table.Buffer() == 0 or buffer.DataLength() == 0:
        return tensor
    raw = np.asarray(buffer.DataAsNumpy())
    if raw.nbytes != tensor.nbytes:
        raise InputError(
            f"{where} needs {tensor.nbytes} bytes of data; its buffer holds {raw.nbytes}", flat.HINT
        )
    values = np.frombuffer(raw.tobytes(), tensor.dtype).reshape(tensor.shape)
    return replace(tensor, data=values)


def _read_quantization(table: Any, where: str, source: str) -> Quantization | None:
    q = table.Quantization()
    if q is None or q.ScaleLength() == 0:
        return None
    scales = flat.vector(q, "Scale", source, flat.MAX_ELEMENTS).astype(np.float32)
    zero_points = flat.vector(q, "ZeroPoint", source, flat.MAX_ELEMENTS).astype(np.int64)
    if zero_points.size != scales.size:
        raise InputError(f"{where} has {scales.size} scales but {zero_points.size} zero points", flat.HINT)
    axis, rank = int(q.QuantizedDimension()), table.ShapeLength()
    if not 0 <= axis < max(rank, 1):
        raise InputError(f"{where} is quantized along axis {axis} of {rank}", flat.HINT)
    if q.DetailsType() != 0:
        raise InputError(
            f"{where} has blockwise or custom quantization, which is not supported",
            "quantize with one scale per tensor or per channel",
        )
    return Quantization(scales, zero_points, axis)


def _read_ops(model: Any, subgraph: Any, tensors: dict[int, Tensor], source: str) -> tuple[Op, ...]:
    codes = [
        _read_code(model.OperatorCodes(i))
        for i in flat.count(source, "operator codes", model.OperatorCodesLength())
    ]
    return tuple(
        _read_op(subgraph.Operators(i), i, codes, tensors, source)
        for i in flat.count(source, "operators", subgraph.OperatorsLength())
    )


def _read_code(table: Any) -> tuple[int, int]:
    """Operator number and version."""
    return max(flat.builtin_code(table), table.DeprecatedBuiltinCode()), table.Version()


def _read_op(
    table: Any, index: int, codes: list[tuple[int, int]], tensors: dict[int, Tensor], source: str
) -> Op:
    if not 0 <= table.OpcodeIndex() < len(codes):
        raise InputError(f"{source} is damaged: operator {index} has no operator code", flat.HINT)
    inputs = _indices(table, "Inputs", tensors, source)
    outputs = _indices(table, "Outputs", tensors, source)
    code, version = codes[table.OpcodeIndex()]
    name = _builtin_name(code)
    written = [f"tensor {i}, {quoted(tensors[i].name)}" for i in outputs[:1] if i >= 0]
    where = f"{source}: operator {index} ({name}, writing {written[0] if written else 'nothing'})"
    kind = operators().get(name)
    if kind is None:
        hint = _INSTEAD.get(name, f"supported are {', '.join(operators())}")
        raise InputError(f"{where} is not supported", hint)
    if not 1 <= version <= kind.newest:
        raise InputError(
            f"{where} has version {version}; 1 to {kind.newest} are supported",
            "export the model with an older converter, or its integer operators alone",
        )
    most = len(outputs) if kind.several_outputs else 1
    if not 1 <= len(outputs) <= most or min(outputs) < 0 or not inputs or inputs[0] < 0:
        raise InputError(f"{where} needs a first input and exactly one output", flat.HINT)
    present = [tensors[i] if i >= 0 else None for i in inputs]
    attributes = kind.attributes(table, present, where) if kind.attributes else {}
    states = tuple(inputs[p] for p in kind.states if p < len(inputs) and inputs[p] >= 0)
    read = tuple(-1 if p in kind.states else i for p, i in enumerate(inputs))
    if kind.order:
        read = tuple(read[p] if p < len(read) else -1 for p in kind.order)
    return Op(index, kind, read, outputs, states=states, **attributes)


def _builtin_name(code: int) -> str:
    return _builtin_names().get(code, f"operator code {code}")


@functools.cache
def _builtin_names() -> dict[int, str]:
    import tflite

    return {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
