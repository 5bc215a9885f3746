"""Recurrent layers: UNIDIRECTIONAL_SEQUENCE_LSTM.

Source: kernels/unidirectional_sequence_lstm.cc and lstm_eval.cc of google-ai-edge/LiteRT.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.numerics import Multiplier, quantize_multiplier
from emgdeploy.graph.operators.options import Attributes, Given, table_of
from emgdeploy.graph.operators.rules import INT8, INT16, INT32, BrokenRule, activations, arity, need
from emgdeploy.graph.types import Graph, Op, Operator, Quantization, Tensor

GATES = ("input", "forget", "cell", "output")
# Positions among the operator's inputs, each the first of four gates, and of the two states.
_FROM_INPUT, _FROM_STATE, _BIASES = 1, 5, 12
_STATES = (18, 19)
# What each gate's sum is scaled to before its sigmoid or tanh: 16 bits with three before the point.
_GATE_STEP = 2.0**-12
_LAYOUT = "build the layer of the usual gates: input, forget, cell and output, without projection"
_ABSENT = {
    "peepholes": range(9, 12),
    "a projection": range(16, 18),
    "layer normalization inside": range(20, 24),
}
_INTERMEDIATES = 5
_NOT_QUANTIZED = "quantize the whole model to int8, with a representative dataset"
_TANH = 4


@dataclass(frozen=True)
class Gate:
    """One gate's sums: weights (units, depth), what is added to each, and the multiplier to 2**-12."""

    weights: NDArray[np.int64]
    bias: NDArray[np.int64]
    multiplier: Multiplier

    @property
    def reach(self) -> float:
        """The largest sum that int8 can make, shifted as the multiplier does."""
        largest = np.abs(self.weights).sum(axis=1) * 128 + np.abs(self.bias)
        return float(largest.max()) * 2.0 ** max(self.multiplier.shift, 0)


def gates(graph: Graph, op: Op, first: int, source: Quantization) -> tuple[Gate, ...]:
    """Four gates' sums over the input (`first` = 1) or over the last output (5), zero points folded in."""
    found = []
    for k in range(len(GATES)):
        tensor = graph.tensors[op.inputs[first + k]]
        weights = np.asarray(tensor.data, np.int64)
        bias = -source.zero_point * weights.sum(axis=1)
        if first == _FROM_INPUT:
            bias = bias + np.asarray(graph.tensors[op.inputs[_BIASES + k]].data, np.int64)
        scale = float(np.float32(tensor.q.scale * source.scale) / np.float32(_GATE_STEP))
        found.append(Gate(weights, bias, quantize_multiplier(scale)))
    return tuple(found)


def input_gates(graph: Graph, op: Op) -> tuple[Gate, ...]:
    """The gates' sums over the input of a step."""
    return gates(graph, op, _FROM_INPUT, graph.tensors[op.inputs[0]].q)


def state_gates(graph: Graph, op: Op) -> tuple[Gate, ...]:
    """The gates' sums over the output of the step before."""
    return gates(graph, op, _FROM_STATE, graph.tensors[op.states[0]].q)


def hidden(graph: Graph, op: Op) -> Quantization:
    """The quantization in which the layer's output is computed."""
    return graph.tensors[op.intermediates[-1]].q


def cell_exponent(graph: Graph, op: Op) -> int:
    """e, where the cell's scale is 2**e."""
    return int(math.log2(float(graph.tensors[op.states[1]].q.scale)))


def check_lstm(graph: Graph, op: Op) -> None:
    arity(op, 9, 24)
    for what, places in _ABSENT.items():
        need(
            all(graph.optional(op, p) is None for p in places), f"has {what}, which is not supported", _LAYOUT
        )
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    activations(image, out)
    need(len(op.states) == 2, "lacks its state tensors")
    need(image.dtype == INT8, f"has the type {image.dtype}; int8 is needed", "quantize the model to int8")
    need(len(image.shape) == 3, f"reads shape {image.shape}; batch, steps and features are needed")
    units = _check_weights(graph, op, image)
    wanted = (*image.shape[:2], units)
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    _check_states(graph, op, units, image.shape[1 if op.time_major else 0])
    need(op.clip >= 0, f"clips its cell at {op.clip}")
    for gate in (*input_gates(graph, op), *state_gates(graph, op)):
        need(gate.reach < 2**31, "has sums beyond 32 bits, for which the reference defines no result")


def _check_weights(graph: Graph, op: Op, image: Tensor) -> int:
    last = graph.optional(op, _FROM_STATE + 3)
    need(last is not None and len(last.shape) == 2, "lacks its recurrent weights")
    units = last.shape[0] if last is not None else 0
    for first, shape, dtype in (
        (_FROM_INPUT, (units, image.shape[2]), INT8),
        (_FROM_STATE, (units, units), INT8),
        (_BIASES, (units,), INT32),
    ):
        for k, name in enumerate(GATES):
            tensor = graph.optional(op, first + k)
            if tensor is None or tensor.data is None:
                need(False, f"lacks constants of its {name} gate", _LAYOUT)
                continue
            need(tensor.shape == shape, f"has constants of shape {tensor.shape} where {shape} is needed")
            need(tensor.dtype == dtype, f"has constants of type {tensor.dtype} where {dtype} is needed")
            if dtype == INT8:
                whole = tensor.quant is not None and not tensor.q.per_channel
                need(whole and tensor.q.zero_point == 0, "needs one scale for each gate's weights")
    return units


def _check_states(graph: Graph, op: Op, units: int, batch: int) -> None:
    for index, dtype in zip(op.states, (INT8, INT16), strict=True):
        state = graph.tensors[index]
        need(state.variable and state.data is None, "has states that are no variables")
        need(state.elements == batch * units, f"has a state of shape {state.shape}")
        need(state.dtype == dtype, f"has a state of type {state.dtype} where {dtype} is needed")
        need(state.quant is not None and not state.q.per_channel, "needs one scale for each state")
    scale = float(graph.tensors[op.states[1]].q.scale)
    fraction, exponent = math.frexp(scale)
    need(
        fraction == 0.5 and -15 <= exponent - 1 <= -9,
        f"has a cell of scale {scale:.6g}; a power of two from 2**-15 to 2**-9 is needed",
        "the reference's tanh has no result for it; convert the network with this tool from PyTorch or ONNX, "
        "or calibrate on windows that bring the cell to between 0.5 and 64",
    )
    need(len(op.intermediates) == _INTERMEDIATES, "lacks the quantization of its gates", _NOT_QUANTIZED)
    last = graph.tensors.get(op.intermediates[-1])
    if last is None or last.quant is None or last.q.per_channel:
        raise BrokenRule("lacks the quantization of its output", _NOT_QUANTIZED)
    need(-128 <= last.q.zero_point <= 127, f"has an output with the zero point {last.q.zero_point}")
    need(float(last.q.scale) > 2.0**-30, f"has an output of scale {float(last.q.scale):.3g}")


def _lstm(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "UnidirectionalSequenceLSTMOptions", where)
    code = table.FusedActivationFunction()
    if code != _TANH or table.DiagonalRecurrentTensors():
        raise InputError(
            f"{where} has activation number {code} or diagonal weights, which are not supported",
            "build the layer with tanh and sigmoid, as LSTM layers have by default",
        )
    return {
        "time_major": bool(table.TimeMajor()),
        "clip": float(table.CellClip()),
        "intermediates": tuple(int(i) for i in flat.vector(op, "Intermediates", where, 8)),
    }


def _shape(graph: Graph, op: Op) -> tuple[int, ...] | None:
    weights = graph.optional(op, _FROM_STATE + 3)
    return (*graph.tensors[op.inputs[0]].shape[:-1], weights.shape[0]) if weights and weights.shape else None


UNIDIRECTIONAL_SEQUENCE_LSTM = Operator(
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    check_lstm,
    newest=4,
    attributes=_lstm,
    trained=True,
    states=_STATES,
    shape=_shape,
)
