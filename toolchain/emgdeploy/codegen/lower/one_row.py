"""Images one pixel wide, as convolutions over time have them, are the same bytes as one row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.graph.types import Graph, Op, Padding, Tensor


def in_one_row(graph: Graph, op: Op) -> tuple[Graph, Op]:
    """The operator over (1, 1, N, channels) where it works on (1, N, 1, channels): kernels walk along rows.

    Only its own view of its tensors changes; any other operator is returned as it is.
    """
    if not _upright(graph, op):
        return graph, op
    window = op.w
    padding = window.padding
    lying = replace(
        window,
        size=window.size[::-1],
        stride=window.stride[::-1],
        dilation=window.dilation[::-1],
        padding=Padding(padding.left, padding.right, padding.top, padding.bottom),
        image=window.image and window.image[::-1],
    )
    turned = (t for t in (*graph.ins(op), graph.out(op)) if len(t.shape) == 4)
    tensors = graph.tensors | {t.index: _turned(t) for t in turned}
    return replace(graph, tensors=tensors), replace(op, window=lying)


def _upright(graph: Graph, op: Op) -> bool:
    if op.window is None:
        return False
    image, out, window = graph.tensors[op.inputs[0]], graph.out(op), op.window
    return (
        image.size2d[1] == out.size2d[1] == window.size[1] == 1
        and image.size2d[0] > 1
        and not (window.padding.left or window.padding.right)
    )


def _turned(tensor: Tensor) -> Tensor:
    first, height, width, last = tensor.shape
    shape = (first, width, height, last)
    data = None if tensor.data is None else np.asarray(tensor.data).reshape(shape)
    return replace(tensor, shape=shape, data=data)
