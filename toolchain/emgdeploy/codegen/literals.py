"""Numbers as C writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence


def float_literal(value: float) -> str:
    """A float32 in C, to the last bit."""
    text = f"{float(value):.9g}"
    return f"{text}f" if set(text) & {".", "e"} else f"{text}.0f"


def c_string(text: str) -> str:
    """`text` as a C string literal in UTF-8; whatever it holds, it stays inside the quotes.

    Octal escapes have at most three digits, so that a digit that follows cannot join them, and "?"
    is escaped because of trigraphs.
    """
    plain = (chr(byte) if _is_plain(byte) else f"\\{byte:03o}" for byte in text.encode(errors="replace"))
    return f'"{"".join(plain)}"'


def _is_plain(byte: int) -> bool:
    return 0x20 <= byte < 0x7F and byte not in b'"\\?'


def constant_names(names: Sequence[str]) -> tuple[str, ...]:
    """An upper-case C name for each of others' words, no two alike: letters and digits stay, all else is `_`."""
    made: list[str] = []
    for number, name in enumerate(names):
        word = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or str(number)
        made.append(word if word not in made else f"{word}_{number}")
    return tuple(made)
