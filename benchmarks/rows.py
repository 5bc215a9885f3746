"""One line of docs/benchmarks.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One build: figures per inference, sizes in bytes. exact: every window equals the reference."""

    model: str
    core: str
    mode: str
    macs: int
    instructions: int
    cycles: int | None
    arena: int
    code: int
    stack: int
    exact: bool
