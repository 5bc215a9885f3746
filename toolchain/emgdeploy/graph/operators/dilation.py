"""What deals an image out into a batch and gathers it again, around a convolution that dilates so."""

from __future__ import annotations

from emgdeploy.graph.operators.rules import BrokenRule
from emgdeploy.graph.types import Graph, Op, Operator


def _no_dilation(graph: Graph, op: Op) -> None:
    raise BrokenRule(
        "stands for no dilation of a convolution",
        "it is supported before and after one convolution of stride 1, with the same blocks",
    )


BATCH_TO_SPACE_ND = Operator("BATCH_TO_SPACE_ND", _no_dilation, newest=4)
SPACE_TO_BATCH_ND = Operator("SPACE_TO_BATCH_ND", _no_dilation, newest=4)
