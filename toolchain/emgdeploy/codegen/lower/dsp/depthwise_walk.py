"""How the depthwise kernels of the DSP extension walk over an image."""

from __future__ import annotations

from dataclasses import dataclass, replace

from emgdeploy.graph.types import Op, Tensor

LANES = 4
_RING_LINES = 4
# Cycles of a block by its number of outputs, by the stride along the line; of a line beside them; about.
_BLOCK_CYCLES = {1: {4: 75, 6: 102}, 2: {4: 84, 6: 118}}
_LINE_CYCLES = 40


@dataclass(frozen=True)
class Axis:
    """One axis of the image: input and output sizes, stride, padding before, bytes between neighbours."""

    size: int
    out_size: int
    stride: int
    padding: int
    step: int
    out_step: int
    tap_step: int


@dataclass(frozen=True)
class Walk:
    """How the image is walked over: its axes, and the outputs of a block.

    pitch: bytes of a channel's widened line. whole: the image is widened at once.
    """

    lines: Axis
    positions: Axis
    block: int
    whole: bool

    @property
    def outputs(self) -> int:
        """Computed on a line; a line shorter than a block is computed as one."""
        return max(self.positions.out_size, self.block)

    @property
    def staged(self) -> bool:
        return self.positions.out_size < self.block

    @property
    def single(self) -> bool:
        """Lines of one block, read to their ends, one after the other."""
        six = self.block == self.positions.out_size == 6 and self.pitch == 16
        return self.whole and six and self.positions.stride == self.lines.stride == 1

    @property
    def pitch(self) -> int:
        p = self.positions
        return 4 * -(-max((self.outputs - 1) * p.stride + 3, p.padding + p.size) // 2)

    @property
    def window_lines(self) -> int:
        return max((self.lines.out_size - 1) * self.lines.stride + 3, self.lines.padding + self.lines.size)

    @property
    def plane(self) -> int:
        return self.pitch * (self.window_lines if self.whole else 1)

    @property
    def scratch(self) -> int:
        lines = self.lines.out_size if self.whole else 1
        return (self.plane if self.whole else _RING_LINES * self.plane) * LANES + (
            lines * LANES * self.outputs if self.staged else 0
        )


def best_walk(op: Op, image: Tensor, out: Tensor, blocks: tuple[int, ...], largest: int) -> Walk:
    """Lines along either axis, in blocks of any of the sizes: what takes the fewest cycles."""
    (_, height, width, depth), (_, out_height, out_width, _) = image.shape, out.shape
    (down, right), padding = op.w.stride, op.w.padding
    rows = Axis(height, out_height, down, padding.top, width * depth, out_width * depth, 3 * depth)
    columns = Axis(width, out_width, right, padding.left, depth, depth, depth)
    walks = [
        Walk(lines, positions, block, whole=False)
        for lines, positions in ((rows, columns), (columns, rows))
        for block in blocks
    ]
    best = min(walks, key=_cost)
    return replace(best, whole=LANES * best.pitch * best.window_lines <= largest)


def _cost(walk: Walk) -> int:
    blocks = -(-walk.outputs // walk.block)
    return walk.lines.out_size * (blocks * _BLOCK_CYCLES[walk.positions.stride][walk.block] + _LINE_CYCLES)
