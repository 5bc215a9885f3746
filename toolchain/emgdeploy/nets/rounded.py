"""What training on for int8 has added to a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emgdeploy.nets import train
from emgdeploy.nets.metrics import Score, pooled
from emgdeploy.nets.ranges import Range


@dataclass(frozen=True)
class Quantized:
    """ranges: of each int8 tensor (see `view`); score: of the rounded network on the test windows; before: of
    the network that this began from."""

    ranges: Mapping[str, Range]
    trained: train.Trained
    score: Score
    before: Score


def report(found: Sequence[Quantized]) -> dict[str, Any] | None:
    """What `metrics.json` says: accuracy of the rounded networks, and before of those that this began from.

    None where no network was trained on.
    """
    if not found:
        return None
    return {
        "epochs": len(found[0].trained.losses),
        "losses": list(found[0].trained.losses),
        "accuracy": pooled([one.score for one in found]).accuracy,
        "before": pooled([one.before for one in found]).accuracy,
    }
