"""Channels taken out of a network: out of its tensors, and out of the constants that went with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.dead_channels.needed import computed_tensors, needed
from emgdeploy.codegen.dead_channels.ranges import ranges
from emgdeploy.codegen.known.absorb import absorbed_sums
from emgdeploy.codegen.known.biases import INT32_BIAS, biases
from emgdeploy.codegen.known.interval import Ranges
from emgdeploy.codegen.known.relation import Kept
from emgdeploy.graph.editing import Editor
from emgdeploy.graph.operators.weighted import CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
from emgdeploy.graph.types import Graph, Op, Operands, Quantization, Tensor

Bools = NDArray[np.bool_]


def prune_channels(graph: Graph, multiple: int = 1) -> Graph:
    """The graph without the channels that nothing depends on, or whose values the compiler knows.

    A known channel goes only where every reader can take it into its bias. Every channel that
    stays keeps its bits. Images keep a number of channels that divides by `multiple` if they had one.
    """
    known = ranges(graph)
    kept = needed(graph, known, multiple)
    if all(mask.all() for mask in kept.values()):
        return graph
    return _Shrinker(graph, known, kept).run()


class _Shrinker:
    """Rewrites every operator for the channels that are `kept`."""

    def __init__(self, graph: Graph, known: Ranges, kept: Kept) -> None:
        self.graph = graph
        self.known = known
        self.kept = kept
        self.editor = Editor(graph)

    def run(self) -> Graph:
        for op in self.graph.ops:
            chain = tuple(self._shrunk(part) for part in op.chain)
            self.editor.add(replace(self._shrunk(op), chain=chain))
        for tensor in computed_tensors(self.graph):
            mask = self.kept[tensor.index]
            if not mask.all():
                self.editor.tensors[tensor.index] = _narrowed(tensor, mask)
        return self.editor.finish()

    def _shrunk(self, op: Op) -> Op:
        """The operator with constants that suit its operands."""
        if op.kind in (CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED):
            return self._weighted(op)
        return replace(op, inputs=tuple(self._operand(op, t) for t in op.inputs))

    def _operand(self, op: Op, index: int) -> int:
        """A constant operand that has as many channels as the output loses the same ones."""
        mask = self.kept[op.outputs[0]]
        tensor = self.graph.tensors[index] if index >= 0 else None
        if tensor is None or tensor.data is None or mask.all() or op.kind.operands not in _PAIRS:
            return index
        if tensor.shape[-1:] != mask.shape:
            return index
        return self.editor.constant(tensor, np.asarray(tensor.data).reshape(tensor.shape)[..., mask]).index

    def _weighted(self, op: Op) -> Op:
        inside, outside = self.kept[op.inputs[0]], self.kept[op.outputs[0]]
        if inside.all() and outside.all():
            return op
        tensor = self.graph.tensors[op.inputs[1]]
        values = np.asarray(tensor.data)
        if op.kind is DEPTHWISE_CONV_2D:
            weights = values[..., outside]
        else:
            columns = np.resize(inside, values.shape[-1])
            weights = values[outside][..., columns]
        made = self.editor.constant(tensor, weights)
        self.editor.tensors[made.index] = replace(made, quant=_channels_of(tensor.q, outside))
        return replace(op, inputs=(op.inputs[0], made.index, self._bias(op, inside, outside)))

    def _bias(self, op: Op, inside: Bools, outside: Bools) -> int:
        """The biases of the outputs that stay, with the share of the inputs that go."""
        values = biases(self.graph, op, outside.size)
        if op.kind is not DEPTHWISE_CONV_2D:
            sums = absorbed_sums(self.graph, op, self.known)
            values = values + sums[:, ~np.resize(inside, sums.shape[1])].sum(axis=1)
        if self.graph.optional(op, 2) is None and not values.any():
            return -1
        wide = self.graph.out(op).dtype == np.int16 and op.quantized_bias != INT32_BIAS
        dtype = np.dtype(np.int64 if wide else np.int32)
        return self.editor.constant(Tensor(0, "bias", (), dtype), values[outside].astype(dtype)).index


_PAIRS = (Operands.TWO, Operands.SLOPES)


def _narrowed(tensor: Tensor, mask: Bools) -> Tensor:
    kept = tuple(np.flatnonzero(mask).tolist())
    origin = replace(tensor.source, kept=kept)
    return replace(tensor, shape=(*tensor.shape[:-1], len(kept)), origin=origin)


def _channels_of(quant: Quantization, mask: Bools) -> Quantization:
    if not quant.per_channel:
        return quant
    return replace(quant, scales=quant.scales[mask], zero_points=quant.zero_points[mask])
