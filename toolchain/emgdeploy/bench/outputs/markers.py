"""A stream of markers of the Lab Streaming Layer, by pylsl: one where the decision changes, its label or `unsure`."""

from __future__ import annotations

from typing import Any

from emgdeploy.bench.outputs.output import Event
from emgdeploy.signals.sources.lsl import load

UNSURE = "unsure"


class MarkerOutput:
    """See `Output`. The stamp is when the decision was there; its window's last sample is `lag_s` older."""

    def __init__(self, pylsl: Any, name: str) -> None:
        info = pylsl.StreamInfo(name, "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, name)
        self._outlet: Any = pylsl.StreamOutlet(info)

    def send(self, event: Event) -> None:
        """See `Output`."""
        if event.changed:
            self._outlet.push_sample([UNSURE if event.unsure else event.label])

    def close(self) -> None:
        """See `Output`."""
        self._outlet = None


def open_output(where: str) -> MarkerOutput:
    """See `Kind`."""
    return MarkerOutput(load(), where or "emgdeploy")
