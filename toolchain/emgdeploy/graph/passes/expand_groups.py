"""Grouped convolutions as whole ones, with weights of 0 for the channels that a group does not read.

Zeros change no sum. They cost weights and time, which networks of few groups bear; one channel to a
group is a depthwise convolution already.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.graph.editing import Editor
from emgdeploy.graph.operators.weighted import CONV_2D
from emgdeploy.graph.types import Graph, Op


def expand_groups(graph: Graph) -> Graph:
    """Give every CONV_2D weights for all of its input channels."""
    editor = Editor(graph)
    for op in graph.ops:
        editor.add(_whole(editor, graph, op) if op.kind is CONV_2D else op)
    return editor.finish()


def _whole(editor: Editor, graph: Graph, op: Op) -> Op:
    image, tensor = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
    weights = np.asarray(tensor.data)
    depth, part = image.shape[3], weights.shape[3]
    if depth == part:
        return op
    groups = depth // part
    whole = np.zeros((*weights.shape[:3], depth), weights.dtype)
    for rows, columns in zip(np.split(np.arange(len(weights)), groups), range(0, depth, part), strict=True):
        whole[rows, :, :, columns : columns + part] = weights[rows]
    return replace(op, inputs=(op.inputs[0], editor.constant(tensor, whole).index, *op.inputs[2:]))
