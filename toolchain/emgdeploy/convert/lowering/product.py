"""MatMul and Einsum: by constant weights FULLY_CONNECTED, of computed matrices BATCH_MATMUL."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from string import ascii_uppercase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.dense import dense
from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.value import Value, onnx_order, plain_axes, reshape, transpose

Matrix = Value | NDArray[Any]


@lowers("MatMul")
def matmul(node: Node) -> Value:
    """x @ y over the last two axes; a following Add of a constant becomes the bias of a dense layer."""
    x, y = _operand(node, 0), _operand(node, 1)
    if len(x.shape) < 2 or len(y.shape) < 2:
        raise node.fail(f"multiplies shapes {x.shape} and {y.shape}; matrices are supported")
    if isinstance(x, Value) and isinstance(y, np.ndarray) and y.ndim == 2:
        return dense(node, x, y.astype(np.float32), None)
    return _product(node, x, y)


@lowers("Einsum")
def einsum(node: Node) -> Value:
    """A product of two operands, summed over the letters that do not come out."""
    if len(node.operands) != 2:
        raise node.fail(f"combines {len(node.operands)} tensors; 2 are supported")
    a, b = _operand(node, 0), _operand(node, 1)
    if isinstance(a, np.ndarray):
        return _contracted(node, b, a, _letters(node, a, b).swapped)
    return _contracted(node, a, b, _letters(node, a, b))


@dataclass(frozen=True)
class _Letters:
    """The axes of both operands and of the result, one letter for each."""

    first: str
    second: str
    result: str

    @property
    def swapped(self) -> _Letters:
        return _Letters(self.second, self.first, self.result)


def _operand(node: Node, position: int) -> Matrix:
    given = node.operands[position] if position < len(node.operands) else None
    if given is None:
        raise node.fail(f"lacks its input {position}")
    return given


def _letters(node: Node, a: Matrix, b: Matrix) -> _Letters:
    text = node.attributes.get("equation", b"")
    equation = (text.decode(errors="replace") if isinstance(text, bytes) else str(text)).replace(" ", "")
    given, arrow, result = equation.partition("->")
    terms = given.split(",")
    if len(terms) != 2:
        raise node.fail(f"has the equation {equation!r}, which does not have two operands")
    if not arrow:
        counted = sorted(set(given) - set(",."))
        result = ("..." if "..." in given else "") + "".join(c for c in counted if given.count(c) == 1)
    ranks = (len(a.shape), len(b.shape))
    hidden = max((r - len(t) + 3 for r, t in zip(ranks, terms, strict=True) if "..." in t), default=0)
    spelled = [_spelled(t, rank - len(t) + 3) for t, rank in zip(terms, ranks, strict=True)]
    found = _Letters(spelled[0], spelled[1], _spelled(result, hidden))
    fits = all(len(t) == rank for t, rank in zip(spelled, ranks, strict=True))
    once = all(len(set(t)) == len(t) for t in (found.first, found.second, found.result))
    both = set(found.first) & set(found.second)
    alone = (set(found.first) | set(found.second)) - both - set(found.result)
    if not fits or not once or alone or not set(found.result) <= set(found.first) | set(found.second):
        raise node.fail(
            f"has the equation {equation!r}; letters of one operand must come out, and none may stand twice"
        )
    return found


def _spelled(term: str, hidden: int) -> str:
    """A term with capital letters for the axes that its dots stand for, the last of them Z."""
    return term.replace("...", ascii_uppercase[len(ascii_uppercase) - max(hidden, 0) :])


def _contracted(node: Node, a: Matrix, b: Matrix, letters: _Letters) -> Value:
    first, second, result = letters.first, letters.second, letters.result
    batch = [c for c in result if c in first and c in second]
    rows, columns = ([c for c in result if c in t and c not in batch] for t in (first, second))
    summed = [c for c in first if c in second and c not in batch]
    size = dict(zip(first + second, (*a.shape, *b.shape), strict=True))
    if any(s != size[c] for t, m in ((first, a), (second, b)) for c, s in zip(t, m.shape, strict=True)):
        raise node.fail(f"combines shapes {a.shape} and {b.shape}, whose axes of one letter differ")

    def sizes(names: list[str]) -> tuple[int, ...]:
        return tuple(size[c] for c in names)

    left = _laid_out(a, [first.index(c) for c in (*batch, *rows, *summed)])
    right = _laid_out(b, [second.index(c) for c in (*batch, *summed, *columns)])
    left = _reshaped(left, (*sizes(batch), prod(sizes(rows)), prod(sizes(summed))))
    right = _reshaped(right, (*sizes(batch), prod(sizes(summed)), prod(sizes(columns))))
    if isinstance(left, Value) and isinstance(right, np.ndarray) and not batch:
        made = dense(node, left, right.astype(np.float32), None)
    else:
        made = _product(node, left, right)
    made = reshape(made, sizes([*batch, *rows, *columns]))
    return transpose(made, tuple([*batch, *rows, *columns].index(c) for c in result))


def _laid_out(operand: Matrix, axes: list[int]) -> Matrix:
    return transpose(operand, tuple(axes)) if isinstance(operand, Value) else operand.transpose(axes)


def _reshaped(operand: Matrix, shape: tuple[int, ...]) -> Matrix:
    return reshape(operand, shape) if isinstance(operand, Value) else operand.reshape(shape)


def _product(node: Node, a: Matrix, b: Matrix) -> Value:
    """Matrices of the last two axes; the others repeat where one operand has fewer."""
    import tensorflow as tf

    try:
        if a.shape[-1] != b.shape[-2]:
            raise ValueError
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise node.fail(f"multiplies shapes {a.shape} and {b.shape}, which do not fit") from None
    (left, turned_left), (right, turned_right) = _matrix(a), _matrix(b)
    made = tf.matmul(left, right, transpose_a=turned_left, transpose_b=turned_right)
    value = plain_axes(made, (*batch, a.shape[-2], b.shape[-1]))
    return value.held(node.enough)


def _matrix(operand: Matrix) -> tuple[Any, bool]:
    """The tensor of a matrix, and whether it is transposed: what lies so in memory need not move."""
    import tensorflow as tf

    if isinstance(operand, np.ndarray):
        return tf.constant(np.ascontiguousarray(operand, np.float32)), False
    last = operand.rank - 1
    turned = transpose(operand, (*range(last - 1), last, last - 1))
    if onnx_order(operand).tensor is not operand.tensor and turned.flat == tuple(sorted(turned.flat)):
        return onnx_order(turned).tensor, True
    return onnx_order(operand).tensor, False
