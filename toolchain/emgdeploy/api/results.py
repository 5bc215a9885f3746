"""What the calls return: frozen values that are JSON and back, and tables in a notebook."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from emgdeploy.errors import InputError


@dataclass(frozen=True)
class Result:
    """A few fields by name, and `table`: everything that the command writes (docs/cli.md lists it)."""

    table: Mapping[str, Any]

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Self:
        """From what a command writes. Raises InputError where it is not that."""
        names = [field.name for field in fields(cls) if field.name != "table"]
        missing = [name for name in names if name not in table]
        if missing:
            raise InputError(
                f"this is no {cls.__name__}: it has no {missing[0]}", "give what emgdeploy wrote"
            )
        return cls(table=table, **{name: table[name] for name in names})

    def to_json(self) -> str:
        """The command's JSON."""
        return json.dumps(dict(self.table), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """From `to_json`, or from the file that the command writes. Raises InputError."""
        try:
            table = json.loads(text)
        except ValueError as error:
            raise InputError(f"this is no JSON ({error})", "give what emgdeploy wrote") from None
        return cls.of(table if isinstance(table, dict) else {})

    def _repr_html_(self) -> str:
        shown = [field.name for field in fields(self) if field.name != "table"]
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(getattr(self, name)))}</td></tr>"
            for name in shown
        )
        return f"<table>{rows}</table>"


@dataclass(frozen=True)
class Metrics(Result):
    """What `train` or `eval` reached on test windows; accuracies are shares from 0 to 1.

    recall: per class, None for one without test windows; confusion: rows are true classes, columns predicted.
    """

    labels: list[str]
    accuracy: float
    balanced_accuracy: float
    recall: list[float | None]
    confusion: list[list[int]]


@dataclass(frozen=True)
class Verdict(Result):
    """What `bench` found: windows = correct_bits + wrong_bits + unanswered."""

    board: str
    windows: int
    correct_bits: int
    wrong_bits: int
    unanswered: int
    complete: bool
    latency_us: Mapping[str, Any]

    @property
    def bit_exact(self) -> bool:
        """Whether every window was answered with the reference's bits."""
        return self.complete and self.correct_bits == self.windows


@dataclass(frozen=True)
class Profile(Result):
    """What one inference costs; cycles and milliseconds are modelled, None on a core without a model.

    layers: for each its name, op, macs, instructions and cycles, as pandas.DataFrame takes them.
    """

    board: str
    instructions: int
    cycles: int | None
    milliseconds: float | None
    bit_exact: bool
    layers: list[Mapping[str, Any]]


@dataclass(frozen=True)
class Sizes(Result):
    """What a build takes of its board's memories, in bytes; parts: for each its name, stored and ram."""

    board: str
    fits: bool
    memories: list[Mapping[str, Any]]
    parts: list[Mapping[str, Any]]
    arena_bytes: int
