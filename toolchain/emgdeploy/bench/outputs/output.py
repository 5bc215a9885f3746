"""What every output takes, and how people name one: `kind:where`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from emgdeploy.errors import UsageError

KINDS = {"udp": "udp", "osc": "osc", "lsl": "markers"}


@dataclass(frozen=True)
class Event:
    """One window's decision. label: of what to do, `rest` where no class says it; changed: whether it, or its being
    unsure, differs from the last one; fields: all that `run --json` says of the window."""

    label: str
    unsure: bool
    changed: bool
    end_s: float
    lag_s: float
    fields: Mapping[str, Any]


class Output(Protocol):
    """A receiver."""

    def send(self, event: Event) -> None:
        """Hand it on, without waiting. Raises OSError where it cannot go out."""

    def close(self) -> None:
        """Give back what it holds."""


class Kind(Protocol):
    """What a module of an output has."""

    def open_output(self, where: str) -> Output:
        """Raises UsageError for a place that makes no sense, ToolMissingError without its library."""


def open_output(text: str) -> Output:
    """The output of that address."""
    kind, colon, where = text.partition(":")
    if kind not in KINDS or not colon:
        raise UsageError(
            f"--send {text!r:.100}: there is no such output", "udp:HOST:PORT, osc:HOST:PORT or lsl:NAME"
        )
    module = cast(Kind, importlib.import_module(f"emgdeploy.bench.outputs.{KINDS[kind]}"))
    return module.open_output(where.removeprefix("//"))


def host_port(kind: str, where: str) -> tuple[str, int]:
    """`HOST:PORT` or `PORT`, which is of this machine. Raises UsageError."""
    host, _, port = where.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"--send {kind}:{where:.80} names no port", f"write {kind}:HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)
