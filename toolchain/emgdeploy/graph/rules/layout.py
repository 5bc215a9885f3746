"""Operators that move values and change none."""

from __future__ import annotations

import numpy as np

from emgdeploy.graph.passes.slicing import part_of, slice_lists
from emgdeploy.graph.rules.base import BrokenRule, arity, constant, need, same_quantization
from emgdeploy.graph.types import Activation, Graph, Op

_LARGEST_PADDING = 4096


def check_pad(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    image, amounts, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    table = constant(graph, op, 1, "padding amounts")
    need(amounts.shape == (len(image.shape), 2), f"has padding amounts of shape {amounts.shape}")
    sane = bool((table >= 0).all()) and int(table.max(initial=0)) <= _LARGEST_PADDING
    need(sane, "has impossible padding amounts")
    wanted = tuple(d + int(a) + int(b) for d, (a, b) in zip(image.shape, table, strict=True))
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def check_transpose(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    axes = [int(a) for a in constant(graph, op, 1, "axes").reshape(-1)]
    rank = len(image.shape)
    need(all(-rank <= a < rank for a in axes), f"has axes {axes} for rank {rank}")
    axes = [a % rank for a in axes]
    need(sorted(axes) == list(range(rank)), f"has axes {axes}, which are no permutation of {rank}")
    wanted = tuple(image.shape[a] for a in axes)
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def check_strided_slice(graph: Graph, op: Op) -> None:
    arity(op, 4, 4)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    lists = slice_lists(graph, op)
    if lists is None:
        raise BrokenRule(
            "takes places that are only known on the device", "export the model with fixed shapes"
        )
    try:
        wanted = part_of(image.shape, *lists, op.masks).shape
    except (ValueError, IndexError, OverflowError) as error:
        raise BrokenRule(f"takes no part that exists ({error})") from None
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def check_concatenation(graph: Graph, op: Op) -> None:
    need(bool(op.inputs) and all(i >= 0 for i in op.inputs), "lacks a required input")
    need(op.activation is Activation.NONE, "has a fused activation, which the reference refuses")
    out = graph.out(op)
    rank = len(out.shape)
    need(rank > 0 and -rank <= op.axis < rank, f"joins along axis {op.axis} of rank {rank}")
    axis = op.axis % rank
    parts = [graph.tensors[i] for i in op.inputs]
    for part in parts:
        same_quantization(part, out)
        need(len(part.shape) == rank, f"joins shapes {part.shape} and {out.shape}")
        rest = all(p == o for d, (p, o) in enumerate(zip(part.shape, out.shape, strict=True)) if d != axis)
        need(rest, f"joins shape {part.shape} into {out.shape} along axis {axis}")
    need(sum(p.shape[axis] for p in parts) == out.shape[axis], f"writes shape {out.shape}")


def check_reshape(graph: Graph, op: Op) -> None:
    arity(op, 1, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    need(image.elements == out.elements, f"turns shape {image.shape} into {out.shape}")
    asked = [int(d) for d in constant(graph, op, 1, "sizes").reshape(-1)] if len(op.inputs) > 1 else op.sizes
    # Without the sizes as an input, an old file may leave the option out as well.
    if asked:
        fits = len(asked) == len(out.shape) and all(
            a in (-1, d) for a, d in zip(asked, out.shape, strict=True)
        )
        need(
            fits and list(asked).count(-1) <= 1, f"writes shape {out.shape} where {list(asked)} is asked for"
        )
    same_quantization(image, out)


def check_squeeze(graph: Graph, op: Op) -> None:
    arity(op, 1, 1)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    rank = len(image.shape)
    need(all(-rank <= a < rank for a in op.sizes), f"squeezes axes {list(op.sizes)} of rank {rank}")
    dropped = {a % rank for a in op.sizes} if op.sizes else {a for a, d in enumerate(image.shape) if d == 1}
    need(all(image.shape[a] == 1 for a in dropped), f"squeezes axes {sorted(dropped)} of {image.shape}")
    wanted = tuple(d for a, d in enumerate(image.shape) if a not in dropped)
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def check_expand_dims(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    axis = constant(graph, op, 1, "axes")
    rank = len(image.shape)
    need(axis.size == 1 and -rank - 1 <= int(axis.reshape(-1)[0]) <= rank, "has an impossible axis")
    wanted = tuple(np.expand_dims(np.empty(image.shape, np.bool_), int(axis.reshape(-1)[0])).shape)
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)
