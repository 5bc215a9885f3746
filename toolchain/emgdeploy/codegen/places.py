"""Where every buffer lies: what the memory plan decides."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Offsets in bytes by buffer owner, the arena's size, and its two reference bounds.

    peak: the first step during which the arena is full to its last byte.
    """

    offsets: dict[int, int]
    root: dict[int, int]
    arena_bytes: int
    peak: int
    bound_plain: int
    bound_overlapped: int

    def tensor(self, index: int) -> int:
        return self.offsets[self.root[index]]

    def scratch(self, step: int) -> int:
        return self.offsets[-1 - step]
