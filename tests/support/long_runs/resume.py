"""Long targets in pieces: what is proven stays proven until the code it depends on changes."""

from __future__ import annotations

from conftest import ROOT
from support.long_runs import fingerprint

DEPENDS_ON = (
    "toolchain/emgdeploy/graph",
    "toolchain/emgdeploy/codegen",
    "firmware_templates",
    "tests/support",
)


class Progress:
    """One line per finished piece, in build/long/<item>-<fingerprint of the code>.txt."""

    def __init__(self, item: str, depends_on: tuple[str, ...] = DEPENDS_ON) -> None:
        self.path = ROOT / "build/long" / f"{item}-{fingerprint.of(depends_on)[:12]}.txt"
        self.lines = dict(self._read()) if self.path.exists() else {}

    def _read(self) -> list[tuple[str, str]]:
        pairs = (line.partition("\t") for line in self.path.read_text().splitlines())
        return [(key, report) for key, _, report in pairs]

    def report(self, key: str) -> str | None:
        """What a finished piece reported; None when it is still to be done."""
        return self.lines.get(key)

    def finish(self, key: str, report: str) -> None:
        """Note a piece as done, so that a run that is stopped goes on after it."""
        self.lines[key] = report
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(f"{key}\t{report}\n")
