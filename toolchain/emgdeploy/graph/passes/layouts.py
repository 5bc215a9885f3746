"""Layout changes that passes write: a transposition, or a view where nothing moves."""

from __future__ import annotations

from emgdeploy.graph.axes import Axes, keeps_order
from emgdeploy.graph.editing import Editor
from emgdeploy.graph.operators.layout import RESHAPE, TRANSPOSE
from emgdeploy.graph.types import Tensor


def add_transpose(editor: Editor, source: Tensor, axes: Axes, out: int) -> None:
    """Write transpose(source, axes) to tensor `out`: as a view where nothing moves."""
    if keeps_order(source.shape, axes):
        add_view(editor, source.index, out)
    else:
        editor.new(TRANSPOSE, (source.index, editor.integers(axes).index), out)


def add_view(editor: Editor, source: int, out: int) -> None:
    editor.new(RESHAPE, (source,), out)
