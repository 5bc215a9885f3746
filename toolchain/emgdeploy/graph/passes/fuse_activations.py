"""RELU and RELU6 into the operator before them.

Exact where both have one quantization: the activation's multiplier is then 1 to the last bit, and
what remains is a narrower range, which the producer clamps to anyway.
"""

from __future__ import annotations

from dataclasses import replace

from emgdeploy.graph.types import Activation, Graph, Op, OpKind

_PRODUCERS = frozenset(
    {
        OpKind.ADD,
        OpKind.AVERAGE_POOL_2D,
        OpKind.CONV_2D,
        OpKind.DEPTHWISE_CONV_2D,
        OpKind.FULLY_CONNECTED,
        OpKind.MAX_POOL_2D,
        OpKind.MUL,
        OpKind.SUB,
    }
)
_FUSED = {
    (Activation.NONE, OpKind.RELU): Activation.RELU,
    (Activation.NONE, OpKind.RELU6): Activation.RELU6,
    (Activation.RELU, OpKind.RELU): Activation.RELU,
    (Activation.RELU, OpKind.RELU6): Activation.RELU6,
    (Activation.RELU6, OpKind.RELU): Activation.RELU6,
    (Activation.RELU6, OpKind.RELU6): Activation.RELU6,
}


def fuse_activations(graph: Graph) -> Graph:
    """Remove every RELU or RELU6 that its only producer can clamp for."""
    consumers = graph.consumers()
    kept: dict[int, Op] = {}
    for op in graph.ops:
        producer = kept.get(op.inputs[0])
        if producer is not None and _fuses(graph, producer, op, len(consumers[op.inputs[0]])):
            del kept[op.inputs[0]]
            kept[op.outputs[0]] = replace(
                producer, outputs=op.outputs, activation=_FUSED[producer.activation, op.kind]
            )
        else:
            kept[op.outputs[0]] = op
    return graph.with_ops(tuple(kept.values()))


def _fuses(graph: Graph, producer: Op, op: Op, readers: int) -> bool:
    before, after = graph.tensors[op.inputs[0]], graph.out(op)
    return (
        producer.kind in _PRODUCERS
        and (producer.activation, op.kind) in _FUSED
        and readers == 1
        and before.index not in graph.outputs
        and before.q.scale == after.q.scale
        and before.q.zero_point == after.q.zero_point
    )
