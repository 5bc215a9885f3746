"""A live session as its page is told of it."""

from __future__ import annotations

from emgdeploy.bench.recognise import Recognised
from emgdeploy.bench.view.state import Scene

LABELS = ("rest", "<b>fist</b>", "open")
SCENE = Scene("lsl:arm", "native", (2, 3), (0, 1, -1, 5, 4, 3), 1000.0, "mV", LABELS, 0.05)


def answered(index: int, decision: int | None, unsure: bool = False, lag_s: float = 0.02) -> Recognised:
    return Recognised(
        *(index, index * 0.05, decision or 0, decision, decision, unsure, not unsure),
        *(0.005, lag_s, 0.7, False, 0.0, (0.1, 0.7, 0.2)),
    )
