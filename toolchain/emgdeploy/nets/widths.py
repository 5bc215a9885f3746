"""What the published widths of MobileNetV2 cost, beside the published table."""

from __future__ import annotations

from dataclasses import dataclass

from emgdeploy.nets import registry
from emgdeploy.nets.cost import Cost, cost

WIDTHS = (1.0, 0.7, 0.4, 0.2)
INPUT_SHAPE = (1, 8, 24)
CLASSES = 8


@dataclass(frozen=True)
class Width:
    """A published width and what its network costs."""

    width: float
    cost: Cost


def published_widths() -> tuple[Width, ...]:
    """All four, for the published image and number of classes."""
    return tuple(
        Width(width, cost(registry.new("mobilenetv2", INPUT_SHAPE, CLASSES, width), INPUT_SHAPE))
        for width in WIDTHS
    )
