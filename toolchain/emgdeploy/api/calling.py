"""A verb called from Python: keywords are its options, what it would print as JSON is returned."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from emgdeploy.cli import entry, verbs
from emgdeploy.cli.console import Console, Progress, jsonable
from emgdeploy.errors import GateFailed


class EmgDeployWarning(UserWarning):
    """What the command line prints as a warning: the result is worth less than it looks."""


class _Still:
    def advance(self, step: float = 1, note: str = "") -> None:
        """Nobody watches."""


class Collector(Console):
    """Keeps results, passes warnings on to Python's, prints nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.value: Any = None
        self.records: list[dict[str, Any]] = []

    def print(self, text: str = "", style: str = "") -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def table(self, headers: object, rows: object, title: str = "", dispensable: object = ()) -> None:
        """Nothing."""

    def warn(self, text: str) -> None:
        """See EmgDeployWarning."""
        warnings.warn(text, EmgDeployWarning, stacklevel=4)

    @contextmanager
    def progress(self, title: str, total: float | None) -> Iterator[Progress]:
        """Nothing moves."""
        yield _Still()

    def result(self, value: Any) -> None:
        """The command's one result."""
        self.value = jsonable(value)

    def record(self, value: Mapping[str, Any]) -> None:
        """One of many."""
        self.records.append(jsonable(value))


def call(name: str, options: Mapping[str, Any]) -> Collector:
    """Run verb `name`. options: as on the command line, with underscores, None for those left out.

    A gate that fails behind a result is part of that result. Raises the verb's own EmgDeployError otherwise,
    UsageError for an option that there is not.
    """
    console = Collector()
    verb = verbs.load(name)
    try:
        entry.perform(verb, words(options), console)
    except GateFailed:
        if console.value is None:
            raise
    return console


def words(options: Mapping[str, Any]) -> list[str]:
    """Keywords as the command line has them: True is a flag, a sequence gives several values."""
    found: list[str] = []
    for key, value in options.items():
        if value is None or value is False:
            continue
        found.append(f"--{key.rstrip('_').replace('_', '-')}")
        if value is not True:
            several = value if isinstance(value, list | tuple) else [value]
            found += map(str, several)
    return found
