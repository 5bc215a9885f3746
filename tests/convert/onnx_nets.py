"""Small ONNX models for the lowering's tests, and the two answers that must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, shape_inference

from emgdeploy.convert import onnxfile, onnxrun, quantize
from emgdeploy.convert.lowering import program
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.convert.reference import Reference
from emgdeploy.convert.windows import to_device_layout

Array = NDArray[Any]


class Net:
    """Builds a chain of nodes: `net.add("Relu", ["x"])` returns the new tensor's name."""

    def __init__(self, shape: Sequence[int], opset: int = 17, batch: int | str = 1) -> None:
        self.shape = tuple(shape)
        self._opset = opset
        self._batch = batch
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, array: Array) -> str:
        """An initializer; floats become float32."""
        wanted = {"f": np.float32, "b": np.bool_}.get(array.dtype.kind, np.int64)
        array = array.astype(wanted)
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def add(
        self, op: str, inputs: Sequence[object], domain: str = "", outputs: int = 1, **attributes: Any
    ) -> str:
        """One node; arrays among the inputs become constants. Further outputs are named after the first."""
        names = [i if isinstance(i, str) else self.constant(np.asarray(i)) for i in inputs]
        name = f"t{len(self._nodes)}"
        made = [name, *(f"{name}_{i}" for i in range(1, outputs))]
        node = helper.make_node(op, names, made, name=f"{op.lower()}_{len(self._nodes)}", domain=domain)
        node.attribute.extend(helper.make_attribute(k, v) for k, v in attributes.items())
        self._nodes.append(node)
        return name

    def proto(self, output: str | None = None) -> Any:
        """The whole model."""
        output = output or self._nodes[-1].output[0]
        graph = helper.make_graph(
            self._nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [self._batch, *self.shape])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
            self._constants,
        )
        domains = {node.domain for node in self._nodes} - {""}
        opsets = [helper.make_opsetid("", self._opset), *(helper.make_opsetid(d, 1) for d in sorted(domains))]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
        inferred = shape_inference.infer_shapes(model)
        if not inferred.graph.output[0].type.tensor_type.HasField("shape"):
            inferred.graph.output[0].type.tensor_type.shape.dim.add(dim_param="unknown")
        return inferred

    def model(self) -> OnnxModel:
        """Checked, as `onnxfile.load` would."""
        return onnxfile.check(self.proto(), "net")


@dataclass(frozen=True)
class Answers:
    """What onnxruntime and the lowered float .tflite answer, and the TFLite operators it took."""

    onnx: Array
    lowered: Array
    ops: list[str]

    @property
    def body(self) -> list[str]:
        """The operators without those at the end that bring an image back to ONNX's order."""
        ops = list(self.ops)
        while ops and ops[-1] in ("TRANSPOSE", "RESHAPE"):
            ops.pop()
        return ops

    def agree(self) -> None:
        """Equal up to the order of float32 sums."""
        scale = max(1.0, float(np.abs(self.onnx).max()))
        assert self.onnx.shape == self.lowered.shape
        assert float(np.abs(self.onnx - self.lowered).max()) <= 2e-5 * scale


def answers(net: Net, count: int = 2, seed: int = 0) -> Answers:
    """Run a net both ways on random windows, without simplification, which would hide nodes."""
    model = net.model()
    x = np.random.default_rng(seed).normal(size=(count, *net.shape)).astype(np.float32)
    lowered = program.lower(model, "net")
    data = quantize.float_tflite(lowered)
    y = Reference(data, keep_tensors=False).run(to_device_layout(x, lowered.window_axes))
    return Answers(onnxrun.run(model, x, "net"), y.reshape(count, -1), operators(data))


def operators(data: bytes) -> list[str]:
    """The operators of a .tflite in order, by their schema names."""
    names = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
    model = tflite.Model.GetRootAs(data, 0)
    graph = model.Subgraphs(0)
    codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
    return [
        names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        for code in (codes[graph.Operators(i).OpcodeIndex()] for i in range(graph.OperatorsLength()))
    ]


def numbers(*shape: int, seed: int = 1) -> Array:
    """Random float32 weights."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def saved(proto: Any) -> bytes:
    """The bytes of an .onnx file."""
    return bytes(proto.SerializeToString())
