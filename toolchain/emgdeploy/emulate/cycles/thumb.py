"""Where Thumb instructions end: enough to count them, without knowing what they do."""

from __future__ import annotations

from emgdeploy.emulate.cycles.decode import Kind, Op

_NOTHING: frozenset[int] = frozenset()


def instruction_bytes(halfword: bytes) -> int:
    """Length of the instruction that begins with these two bytes (ARMv7-M ARM, A5.1)."""
    return 4 if halfword[1] >> 3 in (0b11101, 0b11110, 0b11111) else 2


class Lengths:
    """Splits code into instructions that are all called "?"; for cores without a cycle model."""

    def block(self, code: bytes, address: int) -> tuple[Op, ...]:
        """All instructions of a straight piece of code."""
        ops = []
        at = 0
        while at < len(code):
            size = instruction_bytes(code[at : at + 2])
            ops.append(
                Op(
                    address + at,
                    size,
                    "?",
                    Kind.PLAIN,
                    0,
                    _NOTHING,
                    _NOTHING,
                    _NOTHING,
                    _NOTHING,
                    False,
                    False,
                )
            )
            at += size
        return tuple(ops)
