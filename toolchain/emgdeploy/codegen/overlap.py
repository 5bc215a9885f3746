"""How far a kernel's output may run into its own input.

A kernel that walks its output pixels in one direction has, at every pixel, read some prefix (or
suffix) of its input for good. As long as what it writes stays inside that part, input and output
may share memory. The limits here are exact for kernels that copy a pixel's patch before they
write the pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.step import Overlap
from emgdeploy.graph.types import Op, Tensor, Window

UNLIMITED = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Output offset - input offset: `forward` is its maximum, `backward` its minimum."""

    forward: int
    backward: int


@dataclass(frozen=True)
class Walk:
    """The direction a windowed kernel takes, and what sharing of memory that allows."""

    backward: bool
    overlap: Overlap


def choose_walk(op: Op, image: Tensor, out: Tensor, firsts: NDArray[np.int64] | None = None) -> Walk:
    """Of both directions the one in which input and output fit into fewer bytes together.

    firsts: see window_limits.
    """
    depths = image.shape[3] * image.dtype.itemsize, out.shape[3] * out.dtype.itemsize
    limits = window_limits(image.size2d, out.size2d, op.w, *depths, firsts)
    if _span(image, out, limits.backward) < _span(image, out, limits.forward):
        return Walk(True, Overlap(image.index, at_least=limits.backward))
    return Walk(False, Overlap(image.index, at_most=limits.forward))


def _span(image: Tensor, out: Tensor, distance: int) -> int:
    """Bytes from the first to the last of both, the output beginning `distance` above the input."""
    return max(image.nbytes, distance + out.nbytes) - min(0, distance)


def window_limits(
    image: tuple[int, int],
    out: tuple[int, int],
    window: Window,
    in_depth: int,
    out_depth: int,
    firsts: NDArray[np.int64] | None = None,
) -> Limits:
    """Limits of a windowed kernel; sizes as (height, width), depths in bytes per pixel.

    The kernel copies the patches of a group of output pixels, then writes them; `firsts` are the
    row-major numbers of the groups' first pixels, each pixel by default.
    Forward: when group i is written, every input byte below the start of the patches of the
    groups after i is dead. Backward: every byte above the end of the patches before i.
    """
    first, last = _patch_range(image, out, window)
    begins = np.arange(first.size, dtype=np.int64) if firsts is None else firsts
    starts = np.minimum.reduceat(first, begins) * in_depth
    ends = (np.maximum.reduceat(last, begins) + 1) * in_depth
    later = np.append(np.minimum.accumulate(starts[::-1])[::-1][1:], UNLIMITED)
    earlier = np.append(-UNLIMITED, np.maximum.accumulate(ends)[:-1])
    written_to = np.append(begins[1:], first.size) * out_depth
    return Limits(
        forward=int((later - written_to).min()),
        backward=int((earlier - begins * out_depth).max()),
    )


def uncopied_limit(image: tuple[int, int], out: tuple[int, int], window: Window, depth: int) -> int:
    """The forward limit of a kernel that reads channel c of a patch until it writes channel c."""
    first, _ = _patch_range(image, out, window)
    pixel = np.arange(first.size, dtype=np.int64)
    unread = np.minimum.accumulate((first * depth)[::-1])[::-1]
    return int((unread - pixel * depth).min())


def _patch_range(
    image: tuple[int, int], out: tuple[int, int], window: Window
) -> tuple[np.ndarray, np.ndarray]:
    """First and last input pixel (row-major number) that each output pixel's patch can touch."""
    rows, columns = np.divmod(np.arange(out[0] * out[1], dtype=np.int64), out[1])
    top = rows * window.stride[0] - window.padding.top
    left = columns * window.stride[1] - window.padding.left
    bottom = top + (window.size[0] - 1) * window.dilation[0]
    right = left + (window.size[1] - 1) * window.dilation[1]
    first = np.clip(top, 0, image[0] - 1) * image[1] + np.clip(left, 0, image[1] - 1)
    last = np.clip(bottom, 0, image[0] - 1) * image[1] + np.clip(right, 0, image[1] - 1)
    return first, last
