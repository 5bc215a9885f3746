"""ConvTranspose, over images (rank 4) and sequences (rank 3)."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.slices import along
from emgdeploy.convert.lowering.value import Value, canonical, channels_last

# (first place kept, places kept, places computed) along one spatial axis.
_Span = tuple[int, int, int]


@lowers("ConvTranspose")
def conv_transpose(node: Node) -> Value:
    """All places that a kernel reaches, and of these the ones that the padding leaves."""
    import tensorflow as tf

    x, weights = channels_last(node.value()), _weights(node)
    if x.rank not in (3, 4) or weights.ndim != x.rank or x.shape[0] != 1:
        raise node.fail(f"convolves a tensor of shape {x.shape}; one image or sequence is supported")
    if weights.shape[0] != x.shape[1]:
        raise node.fail(f"has weights for {weights.shape[0]} channels, its input has {x.shape[1]}")
    strides = node.ints("strides", (1,) * (x.rank - 2))
    spans = _spans(node, x.shape[2:], weights.shape[2:], strides)
    outputs = int(weights.shape[1])
    kernel = weights if weights.ndim == 4 else weights[..., np.newaxis]
    sizes = [span[2] for span in spans] + [1] * (4 - x.rank)
    y = tf.nn.conv2d_transpose(
        x.tensor,
        tf.constant(kernel.transpose(2, 3, 1, 0)),
        [1, *sizes, outputs],
        [*strides, *[1] * (4 - x.rank)],
        "VALID",
    )
    bias = node.optional_constant(2)
    if bias is not None:
        y = tf.nn.bias_add(y, tf.constant(bias.astype(np.float32)))
    whole = canonical(y, (1, outputs, *(span[2] for span in spans))).held(node.range or node.enough)
    return _cropped(whole, spans)


def _cropped(whole: Value, spans: list[_Span]) -> Value:
    y = whole
    for axis, (first, kept, computed) in enumerate(spans, 2):
        if kept != computed:
            y = along(y, axis, first, kept)
    return replace(y, range=whole.range)


def _weights(node: Node) -> NDArray[np.float32]:
    """(inputs, outputs, H[, W]): groups with zeros between them, dilations with zeros between the taps."""
    given = node.constant(1).astype(np.float32)
    groups = node.integer("group", 1)
    if given.ndim not in (3, 4) or groups < 1 or given.shape[0] % groups:
        raise node.fail(f"has weights of shape {given.shape} in {groups} groups")
    size = given.shape[2:]
    dilations = node.ints("dilations", (1,) * len(size))
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilations, strict=True)]
    if min(dilations) < 1 or prod(reach) > _MOST_TAPS:
        raise node.fail(f"has a kernel of {size} with dilations {dilations}")
    inputs, outputs = given.shape[:2]
    dense = np.zeros((inputs, outputs * groups, *reach), np.float32)
    taps = tuple(slice(None, None, d) for d in dilations)
    each = inputs // groups
    for g in range(groups):
        rows, columns = slice(g * each, (g + 1) * each), slice(g * outputs, (g + 1) * outputs)
        dense[(rows, columns, *taps)] = given[rows]
    return dense


_MOST_TAPS = 1 << 16


def _spans(
    node: Node, spatial: tuple[int, ...], reach: tuple[int, ...], strides: tuple[int, ...]
) -> list[_Span]:
    """ONNX names padding that is taken away, and places added behind the last; or the output's size."""
    n = len(spatial)
    extra = node.ints("output_padding", (0,) * n)
    if not (len(strides) == len(extra) == n) or min(strides) < 1 or min(extra) < 0:
        raise node.fail("has strides or output_padding for another rank than its input")
    full = [(i - 1) * s + k for i, s, k in zip(spatial, strides, reach, strict=True)]
    before, after = _padding(node, full, strides, spatial, extra)
    spans = []
    for size, first, last, more, step in zip(full, before, after, extra, strides, strict=True):
        kept = size + more - first - last
        computed = max(size, first + kept)
        if kept < 1 or first < 0 or computed - size >= step:
            raise node.fail(f"leaves {kept} places of {size}, which is not supported")
        spans.append((first, kept, computed))
    return spans


def _padding(
    node: Node, full: list[int], strides: tuple[int, ...], spatial: tuple[int, ...], extra: tuple[int, ...]
) -> tuple[list[int], list[int]]:
    n = len(full)
    auto = node.attributes.get("auto_pad", b"NOTSET")
    auto = auto.decode(errors="replace") if isinstance(auto, bytes) else str(auto)
    wanted = list(node.ints("output_shape", ()))
    if auto.startswith("SAME") and not wanted:
        wanted = [i * s for i, s in zip(spatial, strides, strict=True)]
    if not wanted:
        pads = node.ints("pads", (0,) * (2 * n)) if auto == "NOTSET" else (0,) * (2 * n)
        if len(pads) != 2 * n:
            raise node.fail(f"has {len(pads)} padding sizes for {n} axes")
        return list(pads[:n]), list(pads[n:])
    total = [size + more - w for size, more, w in zip(full, extra, wanted[-n:], strict=True)]
    small, large = [t // 2 for t in total], [t - t // 2 for t in total]
    return (large, small) if auto != "SAME_UPPER" else (small, large)
