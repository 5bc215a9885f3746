"""Writes small .tflite files for tests, through the object API of the TFLite schema."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "int16": schema.TensorType.INT16,
    "int8": schema.TensorType.INT8,
    "bool": schema.TensorType.BOOL,
}
_ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}


class ModelWriter:
    """Collects tensors and operators; `finish` gives the bytes."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.graph.inputs, self.graph.outputs = [], []
        self.model.subgraphs = [self.graph]
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []

    def tensor(
        self,
        shape: tuple[int, ...],
        dtype: str = "int8",
        scale: float | list[float] | None = None,
        zero_point: int = 0,
        data: np.ndarray[Any, Any] | None = None,
        axis: int = 0,
        name: str | None = None,
        open_axes: tuple[int, ...] = (),
        variable: bool = False,
    ) -> int:
        """Add a tensor and return its index; several scales make it per-channel along `axis`."""
        t = schema.TensorT()
        t.isVariable = variable
        if open_axes:
            t.shapeSignature = [-1 if a in open_axes else d for a, d in enumerate(shape)]
        t.shape, t.type, t.buffer = list(shape), _TYPES[dtype], 0
        t.name = (name or f"t{len(self.graph.tensors)}").encode()
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            t.quantization = schema.QuantizationParametersT()
            t.quantization.scale = scales
            t.quantization.zeroPoint = np.full(scales.size, zero_point, np.int64)
            t.quantization.quantizedDimension = axis
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data, np.dtype(dtype)).tobytes(), np.uint8)
            t.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(t)
        return len(self.graph.tensors) - 1

    def op(
        self,
        kind: str,
        inputs: list[int],
        output: int | list[int],
        options: Any = None,
        intermediates: list[int] | None = None,
    ) -> None:
        """Append an operator; `options` is an options table of the schema's object API."""
        outputs = [output] if isinstance(output, int) else output
        code = getattr(schema.BuiltinOperator, kind)
        codes = [c.builtinCode for c in self.model.operatorCodes]
        if code not in codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = (
                code,
                min(code, 127),
                _version(kind),
            )
            self.model.operatorCodes.append(entry)
            codes.append(code)
        o = schema.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs = codes.index(code), inputs, outputs
        o.intermediates = intermediates
        if options is not None:
            o.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
            o.builtinOptions = options
        self.graph.operators.append(o)

    def finish(self, inputs: list[int], outputs: list[int]) -> bytes:
        self.graph.inputs, self.graph.outputs = inputs, outputs
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _version(kind: str) -> int:
    # Old versions of these operators have other int8 rules; converters write at least these.
    return {
        "FULLY_CONNECTED": 5, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "ADD": 2, "PAD": 2, "MAXIMUM": 2,
        "MINIMUM": 2, "REDUCE_MAX": 2, "REDUCE_MIN": 2, "SLICE": 3, "SPLIT": 2, "SPLIT_V": 2, "SUB": 2,
        "STRIDED_SLICE": 2, "SPACE_TO_BATCH_ND": 2, "BATCH_TO_SPACE_ND": 2, "TANH": 2, "UNPACK": 2,
        "TRANSPOSE_CONV": 4, "GATHER": 2, "BROADCAST_TO": 2,
    }.get(kind, 1)  # fmt: skip


def conv_options(
    stride: tuple[int, int], dilation: tuple[int, int], same: bool, activation: str = "NONE"
) -> Any:
    o = schema.Conv2DOptionsT()
    o.strideH, o.strideW = stride
    o.dilationHFactor, o.dilationWFactor = dilation
    o.padding = 0 if same else 1
    o.fusedActivationFunction = _ACTIVATIONS[activation]
    return o


def depthwise_options(
    stride: tuple[int, int], dilation: tuple[int, int], same: bool, multiplier: int, activation: str = "NONE"
) -> Any:
    o = schema.DepthwiseConv2DOptionsT()
    o.strideH, o.strideW = stride
    o.dilationHFactor, o.dilationWFactor = dilation
    o.padding, o.depthMultiplier = (0 if same else 1), multiplier
    o.fusedActivationFunction = _ACTIVATIONS[activation]
    return o


def options(name: str, activation: str | None = None, **fields: Any) -> Any:
    """Any other options table by its schema name, e.g. options("AddOptions", "RELU")."""
    o = getattr(schema, f"{name}T")()
    if activation is not None:
        o.fusedActivationFunction = _ACTIVATIONS[activation]
    for key, value in fields.items():
        setattr(o, key, value)
    return o
