"""Numbers as C writes them."""

from __future__ import annotations


def float_literal(value: float) -> str:
    """A float32 in C, to the last bit."""
    text = f"{float(value):.9g}"
    return f"{text}f" if set(text) & {".", "e"} else f"{text}.0f"
