"""The range of every element of every tensor, by interval arithmetic in the reference's own numbers.

Each operator here never falls when one of its inputs rises, or is looked up value by value; so what it
makes of the least inputs is its least output. An operator that is not here may give anything. Borders
come out right by themselves, as every element is followed on its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from emgdeploy.codegen.exact.binary import add_values
from emgdeploy.codegen.exact.fixedpoint import requantize
from emgdeploy.codegen.lower.lookup import lookup_table
from emgdeploy.codegen.lower.mean import mean_multiplier
from emgdeploy.codegen.prune.interval import Ints, Range, anything, constant, is_integer
from emgdeploy.codegen.prune.weighted import weighted
from emgdeploy.codegen.prune.windows import patches
from emgdeploy.graph.axes import axes_of
from emgdeploy.graph.numerics import activation_range, type_range
from emgdeploy.graph.operators.layout import CONCATENATION, EXPAND_DIMS, PAD, RESHAPE, SQUEEZE, TRANSPOSE
from emgdeploy.graph.operators.pairs import ADD
from emgdeploy.graph.operators.reduction import AVERAGE_POOL_2D, MAX_POOL_2D, MEAN
from emgdeploy.graph.operators.weighted import CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
from emgdeploy.graph.types import Graph, Op, Operator
from emgdeploy.graph.unary import only_operand

Ranges = dict[int, Range]
Rule = Callable[[Graph, Op, list[Range]], Range | None]


# The most numbers an operator may read in all its places together; each takes some 50 bytes here.
_LARGEST_READ = 1 << 22


def ranges(graph: Graph) -> Ranges:
    """The range of every quantized tensor that is computed, by tensor index.

    Empty for a network with images so large that following each element would take too long.
    """
    if any(_read(graph, op) > _LARGEST_READ for op in graph.ops):
        return {}
    found = {t.index: anything(t) for t in graph.live_tensors() if is_integer(t)}
    for op in graph.ops:
        out = graph.out(op)
        reached = _looked_up(graph, op, found) or _followed(graph, op, found)
        if reached is not None and out.index in found:
            found[out.index] = reached.reshaped(out.shape)
    return found


def _read(graph: Graph, op: Op) -> int:
    """How many numbers an operator reads, each as often as it is read."""
    given = sum(t.elements for t in graph.ins(op))
    if op.window is None:
        return max(given, graph.out(op).elements)
    _, height, width, _ = graph.out(op).shape
    channels = graph.tensors[op.inputs[0]].shape[3]
    return max(given, height * width * math.prod(op.w.size) * channels)


def _looked_up(graph: Graph, op: Op, found: Ranges) -> Range | None:
    """Of an operator that is a table of 256: the least and the greatest entry of each range."""
    image = only_operand(graph, (op.chain or (op,))[0])
    table = lookup_table(graph, op)
    if image is None or table is None:
        return None
    given = found[image.index]
    codes, place = np.unique((given.low + 128) * 256 + given.high + 128, return_inverse=True)
    parts = [table[code // 256 : code % 256 + 1] for code in codes.tolist()]
    low, high = (np.array([f(p) for p in parts], np.int64) for f in (np.min, np.max))
    return Range(low[place].reshape(given.low.shape), high[place].reshape(given.low.shape))


def _followed(graph: Graph, op: Op, found: Ranges) -> Range | None:
    """By the operator's own rule; None where there is none, or it says nothing of this case."""
    if op.kind not in _RULES:
        return None
    rule, count = _RULES[op.kind]
    tensors = [graph.tensors[t] for t in op.inputs[:count]]
    if not all(is_integer(t) for t in tensors):
        return None
    return rule(graph, op, [constant(t) if t.constant else found[t.index] for t in tensors])


def _view(graph: Graph, op: Op, given: list[Range]) -> Range:
    return given[0]


def _transpose(graph: Graph, op: Op, given: list[Range]) -> Range:
    axes = axes_of(graph, op)
    return given[0].both(lambda x: x.transpose(axes))


def _pad(graph: Graph, op: Op, given: list[Range]) -> Range:
    amounts = np.asarray(graph.tensors[op.inputs[1]].data, np.int64)
    outside = graph.out(op).q.zero_point
    return given[0].both(lambda x: np.pad(x, amounts, constant_values=outside))


def _concatenation(graph: Graph, op: Op, given: list[Range]) -> Range:
    return Range(
        np.concatenate([r.low for r in given], axis=op.axis),
        np.concatenate([r.high for r in given], axis=op.axis),
    )


def _add(graph: Graph, op: Op, given: list[Range]) -> Range:
    a, b, out = (graph.tensors[t] for t in (*op.inputs, *op.outputs))
    low, high = activation_range(op.activation, out)
    first, second = given
    sums = (add_values(a, b, out, x, y) for x, y in ((first.low, second.low), (first.high, second.high)))
    return Range(*(np.clip(s, low, high) for s in sums))


def _max_pool(graph: Graph, op: Op, given: list[Range]) -> Range:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    nothing = type_range(image.dtype)[0]
    ends = activation_range(op.activation, out)
    return given[0].both(lambda x: np.clip(patches(x, op.w, nothing).max(axis=1), *ends))


def _average_pool(graph: Graph, op: Op, given: list[Range]) -> Range:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    count = patches(np.ones((*image.shape[:3], 1), np.int64), op.w).sum(axis=1)
    ends = activation_range(op.activation, out)

    def mean(x: Ints) -> Ints:
        total = patches(x, op.w).sum(axis=1)
        # To the nearest, ties away from zero.
        return np.asarray(np.clip(np.sign(total) * ((np.abs(total) + count // 2) // count), *ends))

    return given[0].both(mean)


def _mean(graph: Graph, op: Op, given: list[Range]) -> Range | None:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    rank = len(image.shape)
    axes = tuple({int(a) % rank for a in np.asarray(graph.tensors[op.inputs[1]].data).reshape(-1)})
    count = math.prod(image.shape[a] for a in axes)
    m = mean_multiplier(image, out, count)
    if m.shift > 0:
        # A sum that is shifted left may wrap around, and then does not rise with its inputs.
        return None
    ends = type_range(out.dtype)

    def mean(x: Ints) -> Ints:
        total = x.sum(axis=axes) - image.q.zero_point * count
        return np.asarray(np.clip(requantize(total, m) + out.q.zero_point, *ends))

    return given[0].both(mean)


# Each with the number of its inputs that are activations.
_RULES: dict[Operator, tuple[Rule, int | None]] = {
    ADD: (_add, 2),
    AVERAGE_POOL_2D: (_average_pool, 1),
    CONCATENATION: (_concatenation, None),
    CONV_2D: (weighted, 1),
    DEPTHWISE_CONV_2D: (weighted, 1),
    EXPAND_DIMS: (_view, 1),
    FULLY_CONNECTED: (weighted, 1),
    MAX_POOL_2D: (_max_pool, 1),
    MEAN: (_mean, 1),
    PAD: (_pad, 1),
    RESHAPE: (_view, 1),
    SQUEEZE: (_view, 1),
    TRANSPOSE: (_transpose, 1),
}
