"""What GRU and RNN layers compute between their input and their output, which stands in no tensor of an ONNX graph.

Each of these numbers becomes an int8 tensor of the loop's body, so that each needs a range like any other tensor. Its
name is that of the layer's output with the direction and the part behind it.
Source: operators GRU and RNN of https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import constants
from emgdeploy.convert.onnxfile import OnnxModel

LOOPED = frozenset({"GRU", "RNN"})
# Parts: the layer's input; the sums before the gates and before the new state; for a GRU with linear_before_reset
# both terms of the latter; the state.
INPUT, GATES, NEW, FROM_INPUT, FROM_STATE, STATE = (
    "input",
    "gates",
    "new",
    "from_input",
    "from_state",
    "state",
)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """One direction: kernel (blocks * units, depth), recurrent (blocks * units, units), and a bias for each.

    blocks: 3 for a GRU, update, reset and new; 1 for an RNN.
    """

    kernel: Floats
    recurrent: Floats
    input_bias: Floats
    state_bias: Floats

    @property
    def units(self) -> int:
        return int(self.recurrent.shape[1])


def weights(
    kernel: NDArray[Any], recurrent: NDArray[Any], bias: NDArray[Any] | None, direction: int
) -> Weights:
    """One direction of ONNX's operands W, R and B."""
    rows = kernel.shape[1]
    both = np.zeros(2 * rows, np.float32) if bias is None else bias[direction]
    return Weights(kernel[direction], recurrent[direction], both[:rows], both[rows:])


def part(outputs: tuple[str, ...], direction: int, what: str) -> str:
    """The name of one of a layer's parts."""
    return f"{next(name for name in outputs if name)}/{direction}/{what}"


def parts(model: OnnxModel) -> tuple[str, ...]:
    """The names of all parts of all such layers."""
    return tuple(
        part(tuple(node.output), k, what)
        for node in _layers(model)
        for k in range(_directions(node))
        for what in _parts_of(node)
    )


def inputs(model: OnnxModel) -> tuple[str, ...]:
    """The tensors that such layers read."""
    return tuple(dict.fromkeys(node.input[0] for node in _layers(model)))


def values(model: OnnxModel, tensors: Mapping[str, Floats]) -> dict[str, Floats]:
    """Every part, from the values of `inputs` for one window."""
    found: dict[str, Floats] = {}
    known = constants.arrays(model.proto) if _layers(model) else {}
    for node in _layers(model):
        image = tensors[node.input[0]]
        given = [known.get(name) for name in (*node.input[1:4], "", "", "")][:3]
        if given[0] is None or given[1] is None:
            continue
        for k in range(_directions(node)):
            series = image[::-1, 0] if _backward(node, k) else image[:, 0]
            made = _run(node, weights(given[0], given[1], given[2], k), series, k)
            found |= {part(tuple(node.output), k, what): array for what, array in made.items()}
    return found


def _layers(model: OnnxModel) -> list[Any]:
    return [node for node in model.proto.graph.node if node.op_type in LOOPED]


def _attributes(node: Any) -> dict[str, Any]:
    return {a.name: a for a in node.attribute}


def _direction(node: Any) -> str:
    given = _attributes(node).get("direction")
    return given.s.decode() if given is not None else "forward"


def _directions(node: Any) -> int:
    return 2 if _direction(node) == "bidirectional" else 1


def _backward(node: Any, direction: int) -> bool:
    return _direction(node) == "reverse" or direction == 1


def _resets_late(node: Any) -> bool:
    given = _attributes(node).get("linear_before_reset")
    return given is not None and bool(given.i)


def _parts_of(node: Any) -> tuple[str, ...]:
    if node.op_type == "RNN":
        return INPUT, NEW, STATE
    return (INPUT, GATES, NEW, FROM_INPUT, FROM_STATE) if _resets_late(node) else (INPUT, GATES, NEW)


def rectified(activations: tuple[str, ...], direction: int) -> bool:
    """Whether a direction of an RNN has ReLU in place of tanh."""
    return direction < len(activations) and activations[direction].lower() == "relu"


def _activations(node: Any) -> tuple[str, ...]:
    given = _attributes(node).get("activations")
    return tuple(name.decode() for name in given.strings) if given is not None else ()


def _run(node: Any, w: Weights, series: Floats, direction: int) -> dict[str, Floats]:
    if node.op_type == "GRU":
        collected = list(_gru(w, series, _resets_late(node)))
    else:
        collected = list(_rnn(w, series, rectified(_activations(node), direction)))
    made = {what: np.stack([step[what] for step in collected]) for what in _parts_of(node) if what != INPUT}
    return {INPUT: series, **made}


def _gru(w: Weights, series: Floats, late: bool) -> Iterator[dict[str, Floats]]:
    units, h = w.units, np.zeros(w.units, np.float32)
    given = series @ w.kernel.T + w.input_bias
    for row in given:
        gates = row[: 2 * units] + w.recurrent[: 2 * units] @ h + w.state_bias[: 2 * units]
        z, r = np.split(1 / (1 + np.exp(-gates.astype(np.float64))), 2)
        if late:
            held = w.recurrent[2 * units :] @ h + w.state_bias[2 * units :]
            new = row[2 * units :] + r * held
        else:
            held = w.recurrent[2 * units :] @ (r * h).astype(np.float32) + w.state_bias[2 * units :]
            new = row[2 * units :] + held
        h = ((1 - z) * np.tanh(new) + z * h).astype(np.float32)
        yield {GATES: gates, NEW: new, FROM_INPUT: row[2 * units :], FROM_STATE: held}


def _rnn(w: Weights, series: Floats, relu: bool) -> Iterator[dict[str, Floats]]:
    h = np.zeros(w.units, np.float32)
    for row in series @ w.kernel.T + w.input_bias:
        new = row + w.recurrent @ h + w.state_bias
        h = np.maximum(new, 0) if relu else np.tanh(new)
        yield {NEW: new, STATE: h}


def told_apart(
    model: OnnxModel, sigmoid: tuple[float, float], tanh: tuple[float, float]
) -> dict[str, tuple[float, float]]:
    """The bounds outside which the gates' sigmoid and tanh answer the same."""
    found: dict[str, tuple[float, float]] = {}
    for node in _layers(model):
        for k in range(_directions(node)):
            ends = (0.0, math.inf) if rectified(_activations(node), k) else tanh
            found[part(tuple(node.output), k, NEW)] = ends
            if node.op_type == "GRU":
                found[part(tuple(node.output), k, GATES)] = sigmoid
    return found
