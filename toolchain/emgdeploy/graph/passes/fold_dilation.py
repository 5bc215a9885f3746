"""SPACE_TO_BATCH_ND, a convolution and BATCH_TO_SPACE_ND into one dilated convolution.

Converters write a dilation so where they could not put it into the convolution itself, as for every
network whose batch was left open. The three ops deal the image out into a batch of images of every
b-th row and column, so that no tensor between them has a batch of 1; they must go before any rule is
asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from emgdeploy.graph.editing import Editor
from emgdeploy.graph.operators.dilation import BATCH_TO_SPACE_ND, SPACE_TO_BATCH_ND
from emgdeploy.graph.operators.weighted import CONVOLUTIONS
from emgdeploy.graph.passes.drop_dead import drop_dead
from emgdeploy.graph.passes.layouts import add_view
from emgdeploy.graph.types import Graph, Op, Origin, Padding, Tensor, Window

_LARGEST = 4096
_LONGEST = 5

# Per axis of the image: (block, padding before, padding after).
_Axes = tuple[tuple[int, int, int], tuple[int, int, int]]


@dataclass(frozen=True)
class _Dealt:
    """What deals out, the convolution, and what gathers; there may be a view on either side of it."""

    first: Op
    conv: Op
    last: Op


def fold_dilation(graph: Graph) -> Graph:
    """Let every convolution that is dealt out this way dilate for itself."""
    found = {op.index: folded for op in graph.ops if (folded := _find(graph, op)) is not None}
    if not found:
        return graph
    editor = Editor(graph)
    for op in graph.ops:
        if op.index in found:
            _write(editor, graph, *found[op.index])
        else:
            editor.add(op)
    # What dealt out, and its convolution, are read by nobody now.
    return drop_dead(editor.finish())


def _find(graph: Graph, last: Op) -> tuple[_Dealt, Window] | None:
    """The operators that end in `last`, with the window that one convolution needs for them."""
    if last.kind is not BATCH_TO_SPACE_ND:
        return None
    producers = graph.producers()
    ops, conv = [last], None
    while ops[0].kind is not SPACE_TO_BATCH_ND:
        before = producers.get(ops[0].inputs[0])
        if before is None or len(ops) == _LONGEST:
            return None
        if before.kind in CONVOLUTIONS and conv is None:
            conv = before
        elif not before.kind.view and before.kind is not SPACE_TO_BATCH_ND:
            return None
        ops.insert(0, before)
    dealt = _Dealt(ops[0], conv, last) if conv is not None else None
    window = _window(graph, dealt) if dealt is not None else None
    return (dealt, window) if dealt is not None and window is not None else None


def _window(graph: Graph, dealt: _Dealt) -> Window | None:
    """The window of the dilated convolution; None where the chain is something else."""
    w = dealt.conv.w
    if w.stride != (1, 1) or w.dilation != (1, 1) or not _alike(graph, dealt):
        return None
    axes, crops = _amounts(graph, dealt, dealt.first), _amounts(graph, dealt, dealt.last)
    if axes is None or crops is None or not _divides(graph, dealt, axes):
        return None
    own = ((w.padding.top, w.padding.bottom), (w.padding.left, w.padding.right))
    sides = []
    for (block, before, after), (cut, left, right), (start, end) in zip(axes, crops, own, strict=True):
        if block != cut:
            return None
        sides.append((before + block * start - left, after + block * end - right))
    if min(amount for side in sides for amount in side) < 0:
        return None
    return Window(w.size, (1, 1), (axes[0][0], axes[1][0]), Padding(*sides[0], *sides[1]))


def _alike(graph: Graph, dealt: _Dealt) -> bool:
    """Nothing is rescaled on the way to the convolution and from it, and views only stand a series up."""
    image, given = graph.tensors[dealt.first.inputs[0]], graph.out(dealt.first)
    taken, made = graph.tensors[dealt.conv.inputs[0]], graph.out(dealt.conv)
    gathered, out = graph.tensors[dealt.last.inputs[0]], graph.out(dealt.last)
    ranks = {len(t.shape) for t in (image, given, gathered, out)}
    if ranks not in ({3}, {4}) or len(made.shape) != 4:
        return False
    if image.shape[-1] != given.shape[-1] or gathered.shape[-1] != out.shape[-1]:
        return False
    same = all(_numbers(a) == _numbers(b) for a, b in ((image, taken), (made, out)))
    return same and all(_stands(a, b) for a, b in ((given, taken), (gathered, made)))


def _numbers(t: Tensor) -> tuple[object, ...]:
    return t.dtype, *((t.q.scale, t.q.zero_point) if t.quant else ())


def _stands(given: Tensor, image: Tensor) -> bool:
    """Whether the rank-4 `image` is `given`, as far as the file knows their batch."""
    if len(given.shape) == 4:
        return given.shape[1:] == image.shape[1:]
    _, length, channels = given.shape
    return image.shape[1:] in ((1, length, channels), (length, 1, channels))


def _divides(graph: Graph, dealt: _Dealt, axes: _Axes) -> bool:
    """Whether the convolution's image is what the blocks make of the padded one."""
    image = graph.tensors[dealt.first.inputs[0]]
    whole = _standing(image, _upright(graph, dealt)) if len(image.shape) == 3 else image.shape
    inside = graph.tensors[dealt.conv.inputs[0]].size2d
    return all(
        size + before + after == block * part
        for size, part, (block, before, after) in zip(whole[1:3], inside, axes, strict=True)
    )


def _amounts(graph: Graph, dealt: _Dealt, op: Op) -> _Axes | None:
    """Blocks, and paddings or crops, for height and width of the convolution's image."""
    given = [graph.optional(op, i) for i in (1, 2)]
    if any(t is None or t.data is None or t.dtype != np.int32 for t in given):
        return None
    blocks, amounts = (np.asarray(t.data, np.int64) for t in given if t is not None)
    rank = len(graph.tensors[op.inputs[0]].shape)
    if blocks.shape != (rank - 2,) or amounts.shape != (rank - 2, 2):
        return None
    if blocks.min() < 1 or amounts.min() < 0 or max(blocks.max(), amounts.max()) > _LARGEST:
        return None
    axes = [(int(b), int(before), int(after)) for b, (before, after) in zip(blocks, amounts, strict=True)]
    if rank == 4:
        return axes[0], axes[1]
    still = (1, 0, 0)
    return (axes[0], still) if _upright(graph, dealt) else (still, axes[0])


def _upright(graph: Graph, dealt: _Dealt) -> bool:
    """Whether a series stands along the height of the convolution's image, and not along its width."""
    height, width = graph.tensors[dealt.conv.inputs[0]].size2d
    return width == 1 and height != 1


def _write(editor: Editor, graph: Graph, dealt: _Dealt, window: Window) -> None:
    """The convolution from what was dealt out to what was gathered, between views of a series."""
    image, out = graph.tensors[dealt.first.inputs[0]], graph.out(dealt.last)
    rest = dealt.conv.inputs[1:]
    if len(image.shape) == 4:
        editor.add(
            replace(dealt.conv, inputs=(image.index, *rest), outputs=dealt.last.outputs, window=window)
        )
        return
    upright = _upright(graph, dealt)
    before = editor.tensor(image, _standing(image, upright), image.source)
    after = editor.tensor(out, _standing(out, upright), Origin(out.index))
    add_view(editor, image.index, before.index)
    editor.add(replace(dealt.conv, inputs=(before.index, *rest), outputs=(after.index,), window=window))
    add_view(editor, after.index, out.index)


def _standing(series: Tensor, upright: bool) -> tuple[int, ...]:
    batch, length, channels = series.shape
    return (batch, length, 1, channels) if upright else (batch, 1, length, channels)
