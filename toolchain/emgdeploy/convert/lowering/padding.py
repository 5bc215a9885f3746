"""Windows that slide over images: sizes, and padding said the way TFLite can say it.

ONNX names the padding of each side; TFLite knows VALID (none) and SAME (as little as keeps
ceil(size / stride) positions, the odd one at the end). Everything else needs a PAD operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.registry import Node
from emgdeploy.convert.lowering.value import Value


@dataclass(frozen=True)
class Window:
    """(height, width) each; `before` and `after` are the padding that the output positions really touch."""

    size: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]
    output: tuple[int, ...]
    """Output sizes in the operator's own rank: (L,) or (H, W)."""
    same: bool
    """TFLite's SAME gives exactly this padding."""
    beyond: bool
    """ceil_mode adds a position that reaches past the declared padding."""

    @property
    def pads(self) -> bool:
        return any(self.before) or any(self.after)


def window_of(node: Node, x: Value, size: tuple[int, ...]) -> Window:
    """Read the window attributes of a convolution or pool over a channels-last value.

    `size` is the kernel's, one entry per spatial axis. Raises InputError naming the node when the
    attributes do not fit each other or the input.
    """
    spatial = x.shape[2:]
    n = len(spatial)
    stride = node.ints("strides", (1,) * n)
    dilation = node.ints("dilations", (1,) * n)
    if not (len(size) == len(stride) == len(dilation) == n):
        raise node.fail(f"has window attributes for another rank than its input {x.shape}")
    if min(size) < 1 or min(stride) < 1 or min(dilation) < 1:
        raise node.fail("has a kernel size, stride or dilation below 1")
    reach = tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    before, after = _pads(node, spatial, reach, stride)
    ceil = bool(node.integer("ceil_mode", 0))
    sides = list(zip(spatial, reach, stride, before, after, strict=True))
    output = tuple(_positions(*side, ceil=ceil) for side in sides)
    beyond = output != tuple(_positions(*side, ceil=False) for side in sides)
    if min(output) < 1:
        raise node.fail(f"leaves nothing of an input of shape {x.shape}")
    # Rows of padding (or image) beyond the last position are never read.
    needed = tuple(
        (o - 1) * s + r - i - b for o, s, r, i, b in zip(output, stride, reach, spatial, before, strict=True)
    )
    touched = tuple(max(0, end) for end in needed)
    same = all(
        o == -(-i // s) and b == max(0, end + b) // 2
        for o, i, s, b, end in zip(output, spatial, stride, before, needed, strict=True)
    )
    before, after = _two(before, 0), _two(touched, 0)
    return Window(_two(size, 1), _two(stride, 1), _two(dilation, 1), before, after, output, same, beyond)


def padded(x: Value, window: Window) -> tuple[Any, str]:
    """The tensor to slide over (zeros around it where needed) and TFLite's name for the padding left to do."""
    import tensorflow as tf

    if not window.pads:
        return x.tensor, "VALID"
    if window.same:
        return x.tensor, "SAME"
    sides = list(zip(window.before, window.after, strict=True))
    return tf.pad(x.tensor, [(0, 0), *sides, (0, 0)]), "VALID"


def depth_positions(node: Node, depth: int, size: int) -> NDArray[np.int64]:
    """Where each window along the depth of a volume begins, counted from the first depth; below 0 in the padding."""
    stride, dilation = node.ints("strides", (1, 1, 1))[0], node.ints("dilations", (1, 1, 1))[0]
    pads = node.ints("pads", (0,) * 6)
    automatic = node.attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", "NOTSET")
    if automatic or node.integer("ceil_mode", 0) or len(pads) != 6 or min(stride, dilation, size) < 1:
        raise node.fail("walks over a volume by auto_pad, ceil_mode or steps below 1, which is not supported")
    count = (depth + pads[0] + pads[3] - (size - 1) * dilation - 1) // stride + 1
    if count < 1:
        raise node.fail(f"leaves nothing of a depth of {depth}")
    return np.arange(count, dtype=np.int64) * stride - pads[0]


def _pads(
    node: Node, spatial: tuple[int, ...], reach: tuple[int, ...], stride: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    n = len(spatial)
    auto = node.attributes.get("auto_pad", b"NOTSET")
    auto = auto.decode(errors="replace") if isinstance(auto, bytes) else str(auto)
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        total = [max(0, (-(-i // s) - 1) * s + r - i) for i, r, s in zip(spatial, reach, stride, strict=True)]
        small, large = tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
        return (small, large) if auto == "SAME_UPPER" else (large, small)
    pads = node.ints("pads", (0,) * (2 * n)) if auto == "NOTSET" else (0,) * (2 * n)
    if len(pads) != 2 * n or min(pads) < 0:
        raise node.fail(f"has padding {pads}; {2 * n} sizes of 0 or more are supported")
    return pads[:n], pads[n:]


def _positions(size: int, reach: int, stride: int, before: int, after: int, *, ceil: bool) -> int:
    span = size + before + after - reach
    if span < 0:
        return 0
    if not ceil:
        return span // stride + 1
    count = -(-span // stride) + 1
    # A window that would start in the padding behind the image is left out, as PyTorch does.
    return count - 1 if (count - 1) * stride >= size + before else count


def _two(sizes: tuple[int, ...], fill: int) -> tuple[int, int]:
    """A sequence is an image of width 1."""
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (sizes[0], fill)
