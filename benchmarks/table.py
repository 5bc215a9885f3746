"""docs/benchmarks.md from measured rows and from what others published."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from models import MODELS
from rows import Row

from emgdeploy.emulate.cycles.folder import NOT_MODELLED
from emgdeploy.emulate.cycles.model import model_for

_OTHERS = Path(__file__).with_name("others.toml")

_HEAD = """# Benchmarks

Written by `make bench-cycles` (`benchmarks/cycles.py`); do not edit.

Every figure is one inference, from the entry of `emg_model_invoke` to its return, counted block by
block in an emulator that runs the machine code a board runs. Instructions are exact and repeat to the
last one; they agree with QEMU's `-icount` (`tests/profile/test_icount.py`). Cycles are a model with zero
wait states, after the tables of Arm's Technical Reference Manuals:

{sources}

{notes}

Outputs are compared bit for bit with TFLite's reference kernels in the same runs; a row that is not
exact says so. MACs are those that are computed: channels that are constant, or that nothing depends on,
are left out, unless a row says otherwise. `code` is all machine code that one inference needs, without weights and constants.
Compiler: GCC with the flags of every build (`-O2`).
"""


def line(row: Row) -> str:
    """A row for the terminal."""
    cycles = "-" if row.cycles is None else f"{row.cycles:,}"
    exact = "" if row.exact else "  NOT EXACT"
    return (
        f"{row.model:8} {row.core:14} {row.mode:9} {row.instructions:>12,} instructions {cycles:>12} cycles "
        f"{row.arena:>8,} arena {row.code:>7,} code{exact}"
    )


def document(rows: Sequence[Row]) -> str:
    """The whole page."""
    cores = list(dict.fromkeys(row.core for row in rows))
    used = {model.source for model in map(model_for, cores) if model is not None}
    head = _HEAD.format(
        sources="\n".join(f"- {source}" for source in sorted(used)),
        notes="\n".join(f"- {note}" for note in NOT_MODELLED),
    )
    parts = [head, _comparison(rows)]
    parts += [_core(core, [row for row in rows if row.core == core]) for core in cores]
    return "\n".join(parts)


def _core(core: str, rows: Sequence[Row]) -> str:
    titles = {model.key: model for model in MODELS}
    body = [
        (
            titles[row.model].title,
            row.mode,
            _number(row.macs),
            _number(row.instructions),
            _number(row.cycles),
            "-" if row.cycles is None else f"{row.cycles / row.macs:.2f}",
            _number(row.arena),
            _number(row.code),
            _number(row.stack),
            "yes" if row.exact else "**no**",
        )
        for row in rows
    ]
    head = (
        "network",
        "`--optimize`",
        "MACs",
        "instructions",
        "cycles",
        "cycles/MAC",
        "arena",
        "code",
        "stack",
        "exact",
    )
    return f"## {core}\n\n{_grid(head, body)}"


def _comparison(rows: Sequence[Row]) -> str:
    """Ours on Cortex-M4 and M55 beside others."""
    others = tomllib.loads(_OTHERS.read_text(encoding="utf-8"))
    engines, figures = others["engines"], others["figures"]
    networks = {model.key: model.network or model.key for model in MODELS}
    keys = [key for key, network in networks.items() if network in figures]
    ours = {(row.core, row.model, row.mode): row for row in rows}
    head = (
        "on Cortex-M4 unless named",
        "figure",
        *(next(m.title for m in MODELS if m.key == key) for key in keys),
    )
    body: list[tuple[str, ...]] = []
    for core, suffix in (("cortex-m4f", ""), ("cortex-m55", ", Cortex-M55 (Helium)")):
        for mode in ("speed", "balanced"):
            for what in ("cycles", "instructions", "arena", "code"):
                found = [ours.get((core, key, mode)) for key in keys]
                values = [getattr(row, what) if row else None for row in found]
                if any(value is not None for value in values):
                    body.append((f"emgdeploy, {mode}{suffix}", what, *map(_number, values)))
    for name, engine in engines.items():
        for what in ("cycles", "instructions", "arena", "code"):
            values = [figures[networks[key]].get(name, {}).get(what) for key in keys]
            if any(value is not None for value in values):
                body.append((engine["title"], what, *map(_number, values)))
    provenance = "\n".join(f"- {engine['title']}: {engine['how']}." for engine in engines.values())
    origins = "\n".join(f"- {model.title}: {model.origin}." for model in MODELS)
    return (
        f"## Beside others\n\n{_grid(head, body)}\nWhere the figures of others come from (their hardware or "
        f"their code; the cycle model is ours where it says so):\n\n{provenance}\n\nWhose weights:\n\n{origins}\n"
    )


def _grid(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    marks = [
        "---"
        if name in ("network", "`--optimize`", "on Cortex-M4 unless named", "figure", "exact")
        else "--:"
        for name in head
    ]
    lines = [head, marks, *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:,}"
