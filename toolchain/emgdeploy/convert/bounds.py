"""What the functions that read a tensor can tell apart of it.

Beyond some number a bounded function gives the same int8 answer, whatever comes. The range of its operand need
not reach farther, however large the values get: all 256 steps then lie where they make a difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import constants, recurrence
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.convert.quant_points import KEEPS_RANGE, clip_bounds, users_of
from emgdeploy.convert.recognise import recognised

Ends = tuple[float, float]
_Known = Mapping[str, NDArray[Any]]

_ALL: Ends = (-math.inf, math.inf)
# Whatever is cut off before these is cut off after them. (A mean of values that were cut off is another.)
_PASSES = (KEEPS_RANGE - {"AveragePool"}) | {"Concat"}


def told_apart(model: OnnxModel) -> dict[str, Ends]:
    """For each tensor with such a bound at one end or both: the interval outside which no reader looks."""
    model = recognised(model)
    known, users = constants.arrays(model.proto), users_of(model)
    found: dict[str, Ends] = {}
    names = [name for node in reversed(model.proto.graph.node) for name in node.output if name]
    for name in (*names, model.input_name):  # whoever reads a tensor was visited before it
        readers = users.get(name, [None])
        found[name] = _union(
            [_ALL if reader is None else _seen_by(reader, known, found) for reader in readers]
        )
    found |= recurrence.told_apart(model, _SIGMOID, _TANH)
    return {name: ends for name, ends in found.items() if ends != _ALL}


def _union(ends: list[Ends]) -> Ends:
    return min(low for low, _ in ends), max(high for _, high in ends)


def _seen_by(reader: Any, known: _Known, found: Mapping[str, Ends]) -> Ends:
    after = _union([found[name] for name in reader.output if name])
    if reader.op_type in _PASSES:
        return after
    own = _OF.get(reader.op_type)
    if own is None:
        return _ALL
    low, high = own(reader, known)
    if reader.op_type in _COMPARES:
        low, high = min(max(low, after[0]), high), max(min(high, after[1]), low)
    return low, high


# Outputs of TANH are steps of 1/128 from -1 to 127/128, those of LOGISTIC of 1/256 from 0 to 255/256
# (https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec): where the last step
# is reached by rounding, nothing follows.
_TANH: Ends = (math.atanh(-127.5 / 128), math.atanh(126.5 / 128))
_SIGMOID: Ends = (-math.log(256 / 0.5 - 1), -math.log(256 / 254.5 - 1))


def _hard_sigmoid(node: Any, known: _Known) -> Ends:
    given = {a.name: float(a.f) for a in node.attribute}
    alpha, beta = given.get("alpha", 0.2), given.get("beta", 0.5)
    if alpha == 0:
        return _ALL
    ends = (-beta / alpha, (1 - beta) / alpha)
    return min(ends), max(ends)


def _max(node: Any, known: _Known) -> Ends:
    """A number below all the constant's elements never comes out."""
    least = [float(known[name].min()) for name in node.input if name in known]
    return (least[0] if least else -math.inf), math.inf


def _min(node: Any, known: _Known) -> Ends:
    most = [float(known[name].max()) for name in node.input if name in known]
    return -math.inf, (most[0] if most else math.inf)


_OF: dict[str, Callable[[Any, _Known], Ends]] = {
    "Clip": clip_bounds,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda node, known: (-3.0, math.inf),
    "Max": _max,
    "Min": _min,
    "Relu": lambda node, known: (0.0, math.inf),
    "Sigmoid": lambda node, known: _SIGMOID,
    "Tanh": lambda node, known: _TANH,
}
# Their outputs are their operands, or a bound: a later reader's interval is theirs too.
_COMPARES = frozenset({"Clip", "Max", "Min", "Relu"})


def clipped(values: NDArray[np.float32], ends: Ends | None) -> NDArray[np.float32]:
    """The values as their readers see them."""
    return values if ends is None else np.clip(values, *ends)
