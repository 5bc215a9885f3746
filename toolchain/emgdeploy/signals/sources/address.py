"""How people name a source: `kind:where?option=value&...`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from emgdeploy.errors import UsageError
from emgdeploy.signals.sources.source import Clock

_LOCAL = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """kind: before the first colon; where: after it, up to a question mark; options: what follows that."""

    text: str
    kind: str
    where: str
    options: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Address:
        """`-` is `stdin:`. Raises UsageError for an option given twice or without a value."""
        kind, _, rest = ("stdin", "", "") if text == "-" else text.partition(":")
        where, _, query = rest.removeprefix("//").partition("?")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
        except ValueError:
            raise UsageError(
                f"--source {text!r:.200}: what follows ? is no option", "write ?name=value&name=value"
            ) from None
        if len(dict(pairs)) != len(pairs):
            raise UsageError(f"--source {text!r:.200} gives an option twice", "give it once")
        return cls(text, kind, where, dict(pairs))

    def check(self, known: Mapping[str, str]) -> None:
        """Raises UsageError for an option that is not among `known` (name -> what it is)."""
        for name in self.options:
            if name not in known:
                listed = "; ".join(f"{key}: {what}" for key, what in known.items()) or "it has none"
                raise UsageError(f"{self.kind}: has no option {name!r:.40}", f"its options: {listed}")

    def number(self, name: str, usual: int, low: int, high: int) -> int:
        """A whole number among the options. Raises UsageError."""
        text = self.options.get(name, str(usual))
        if not text.isdecimal() or not low <= int(text) <= high:
            raise self.wrong(name, f"a whole number from {low} to {high}")
        return int(text)

    def choice(self, name: str, usual: str, allowed: tuple[str, ...]) -> str:
        """One of a few words among the options. Raises UsageError."""
        text = self.options.get(name, usual)
        if text not in allowed:
            raise self.wrong(name, f"one of {', '.join(allowed)}")
        return text

    def host_port(self, usual_host: str = _LOCAL, usual_port: int | None = None) -> tuple[str, int]:
        """`host:port`, `:port` or `port`. Raises UsageError."""
        host, colon, port = self.where.rpartition(":")
        if not colon and not self.where.isdecimal():
            host, port = self.where, ""
        if not port and usual_port is not None:
            port = str(usual_port)
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise UsageError(f"--source {self.text!r:.200} names no port", f"write {self.kind}:HOST:PORT")
        return host.strip("[]") or usual_host, int(port)

    def wrong(self, name: str, right: str) -> UsageError:
        """What is said of an option's value that makes no sense."""
        return UsageError(
            f"--source {self.text!r:.200}: {name} is {self.options.get(name, '')!r:.40}", f"it is {right}"
        )


@dataclass(frozen=True)
class Wanted:
    """What the samples are for. columns: of one sample, None for any number from `least`. bad_lines: so many lines
    in a row that are no samples are too many."""

    columns: int | None = None
    least: int = 1
    bad_lines: int = 100
    clock: Clock = field(default_factory=Clock)
