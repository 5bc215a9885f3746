"""The last dense layer of an int8 model: what it sees, and the same file with other weights in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.adaptable import head_of, parameters_of_head
from emgdeploy.convert.reference import Reference, evaluate
from emgdeploy.convert.windows import as_file_takes
from emgdeploy.graph import read_tflite
from emgdeploy.graph.types import Graph, Op, Tensor
from emgdeploy.nets.discriminant import Discriminant


@dataclass(frozen=True)
class Head:
    """tflite: the whole model's bytes. Raises InputError on use where it does not end in a dense layer of int8."""

    tflite: bytes

    @cached_property
    def _graph(self) -> Graph:
        return read_tflite(self.tflite, "the build's model", evaluate)

    @cached_property
    def _op(self) -> Op:
        return head_of(self._graph)

    @cached_property
    def _reference(self) -> Reference:
        return Reference(self.tflite)

    @property
    def _image(self) -> Tensor:
        return self._graph.tensors[self._op.inputs[0]]

    @property
    def sees_the_input(self) -> bool:
        """Whether nothing but changes of shape and scale stand between the model's input and the head."""
        tensor = self._op.inputs[0]
        while made := [op for op in self._graph.ops if tensor in op.outputs]:
            if not made[0].kind.view and made[0].kind.name != "QUANTIZE":
                return False
            tensor = made[0].inputs[0]
        return True

    def features(self, x: NDArray[Any], scale: float, zero_point: int) -> NDArray[np.float64]:
        """(N, D) what the head sees of the device's integers x (N, *device shape), as real numbers; scale,
        zero_point: of the device's input."""
        image = self._image
        taken = as_file_takes(x, self._reference.input.dtype, scale, zero_point)
        seen = [self._reference.tensors(window)[image.index].reshape(-1) for window in taken]
        return (np.asarray(seen, np.float64) - image.q.zero_point) * float(image.q.scale)

    def answers(self, x: NDArray[Any], scale: float, zero_point: int) -> NDArray[Any]:
        """(N, K) the model's own output."""
        taken = as_file_takes(x, self._reference.input.dtype, scale, zero_point)
        return self._reference.run(taken).reshape(len(x), -1)

    def replaced(self, head: Discriminant, features: NDArray[np.float64]) -> Head:
        """The model with this head, in its own quantization: logits are scaled so that those of `features` (N, D) fill
        the range that its output has. What all classes have in common is left out, which changes no class."""
        weights = head.weights - head.weights.mean(axis=0)
        bias = head.bias - head.bias.mean()
        out = self._graph.out(self._op)
        limits = np.iinfo(str(out.dtype))
        low, high = limits.min, limits.max
        room = float(out.q.scale) * min(high - out.q.zero_point, out.q.zero_point - low)
        factor = room / max(1e-9, float(np.abs(features @ weights.T + bias).max()))
        return Head(self._patched(weights * factor, bias * factor))

    def _patched(self, weights: NDArray[np.float64], bias: NDArray[np.float64]) -> bytes:
        import tflite

        data = bytearray(self.tflite)
        model = tflite.Model.GetRootAs(data, 0)
        places = [model.Subgraphs(0).Tensors(i) for i in self._op.inputs[1:3]]
        scales = [place.Quantization().ScaleAsNumpy() for place in places]
        largest = (
            np.abs(weights).max(axis=1) if len(scales[0]) > 1 else np.abs(weights).max(keepdims=True).ravel()
        )
        scales[0][:] = np.maximum(largest, 1e-9).astype(np.float32) / np.float32(127)
        scales[1][:] = np.float32(self._image.q.scale) * scales[0]
        steps = [np.asarray(scale, np.float64) for scale in scales]
        integers = (
            np.rint(weights / steps[0].reshape(-1, 1)).clip(-127, 127).astype("<i1"),
            np.rint(bias / steps[1]).clip(-(2**31) + 1, 2**31 - 1).astype("<i4"),
        )
        for place, values in zip(places, integers, strict=True):
            model.Buffers(place.Buffer()).DataAsNumpy()[:] = np.frombuffer(values.tobytes(), np.uint8)
        return bytes(data)

    def parameters(self) -> bytes:
        """The head as a firmware takes it."""
        return parameters_of_head(self._graph)
