"""PAD moved behind a transposition or view that reads it, so that a convolution can take it in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.graph.axes import axes_of, transposed_origin, transposed_shape
from emgdeploy.graph.editing import Editor
from emgdeploy.graph.operators.layout import PAD, TRANSPOSE
from emgdeploy.graph.types import Graph, Op, Tensor


def pad_last(graph: Graph) -> Graph:
    """Swap every PAD with the one layout change that reads it; less is moved, and it may fold."""
    while True:
        swapped = _swap_one(graph)
        if swapped is None:
            return graph
        graph = swapped


def _swap_one(graph: Graph) -> Graph | None:
    consumers, producers = graph.consumers(), graph.producers()
    for op in graph.ops:
        pad = producers.get(op.inputs[0])
        if not (op.kind.view or op.kind is TRANSPOSE) or pad is None or pad.kind is not PAD:
            continue
        if len(consumers[op.inputs[0]]) > 1 or op.inputs[0] in graph.outputs:
            continue
        mapped = _mapped_axes(graph, op)
        if mapped is not None:
            return _swapped(graph, pad, op, mapped)
    return None


def _mapped_axes(graph: Graph, op: Op) -> list[int] | None:
    """For each axis of the layout's output the axis of its input that it is, -1 for a new 1."""
    before, after = graph.tensors[op.inputs[0]].shape, graph.out(op).shape
    if op.kind is TRANSPOSE:
        return list(axes_of(graph, op))
    sizes = [a for a, d in enumerate(before) if d != 1]
    if [before[a] for a in sizes] != [d for d in after if d != 1]:
        return None
    rest = iter(sizes)
    return [-1 if d == 1 else next(rest) for d in after]


def _swapped(graph: Graph, pad: Op, layout: Op, mapped: list[int]) -> Graph:
    editor = Editor(graph)
    image = graph.tensors[pad.inputs[0]]
    amounts = np.asarray(graph.tensors[pad.inputs[1]].data, np.int64)
    moved = np.array([amounts[a] if a >= 0 else (0, 0) for a in mapped], np.int64).reshape(-1, 2)
    first = replace(
        layout,
        inputs=(image.index, *layout.inputs[1:]),
        outputs=(_target(editor, graph, image, layout, mapped),),
    )
    second = replace(pad, inputs=(first.outputs[0], editor.integers(moved).index), outputs=layout.outputs)
    for op in graph.ops:
        if op is layout:
            editor.add(first)
            editor.add(second)
        elif op is not pad:
            editor.add(op)
    return editor.finish()


def _target(editor: Editor, graph: Graph, image: Tensor, layout: Op, mapped: list[int]) -> int:
    """A tensor for the unpadded image in its new layout."""
    if layout.kind is TRANSPOSE:
        axes = tuple(mapped)
        return editor.tensor(image, transposed_shape(image.shape, axes), transposed_origin(image, axes)).index
    shape = tuple(image.shape[a] if a >= 0 else 1 for a in mapped)
    # A view: no step writes it, so that nothing is compared with it.
    return editor.tensor(image, shape, image.source).index
