"""RELU and RELU6 into the operator before them.

Exact where both have one quantization: the activation's multiplier is then 1 to the last bit, and
what remains is a narrower range, which the producer clamps to anyway.
"""

from __future__ import annotations

from dataclasses import replace

from emgdeploy.graph.operators.rules import same_numbers
from emgdeploy.graph.types import Activation, Graph, Op

# What two clamps in turn come to.
_FUSED = {
    (Activation.NONE, Activation.RELU): Activation.RELU,
    (Activation.NONE, Activation.RELU6): Activation.RELU6,
    (Activation.RELU, Activation.RELU): Activation.RELU,
    (Activation.RELU, Activation.RELU6): Activation.RELU6,
    (Activation.RELU6, Activation.RELU): Activation.RELU6,
    (Activation.RELU6, Activation.RELU6): Activation.RELU6,
}


def fuse_activations(graph: Graph) -> Graph:
    """Remove every RELU or RELU6 that its only producer can clamp for."""
    consumers = graph.consumers()
    kept: dict[int, Op] = {}
    for op in graph.ops:
        producer = kept.get(op.inputs[0])
        clamp = _clamp(graph, producer, op, len(consumers[op.inputs[0]])) if producer else None
        if producer is not None and clamp is not None:
            del kept[op.inputs[0]]
            kept[op.outputs[0]] = replace(producer, outputs=op.outputs, activation=clamp)
        else:
            kept[op.outputs[0]] = op
    return graph.with_ops(tuple(kept.values()))


def _clamp(graph: Graph, producer: Op, op: Op, readers: int) -> Activation | None:
    """The clamp by which the producer does what both do; None where there is none."""
    before, after = graph.tensors[op.inputs[0]], graph.out(op)
    if op.kind.fuses_as is None or not producer.kind.clamps or readers > 1 or before.index in graph.outputs:
        return None
    return _FUSED.get((producer.activation, op.kind.fuses_as)) if same_numbers(before, after) else None
