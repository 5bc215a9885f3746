"""ADD for Helium: the linear form, four elements at a time."""

from __future__ import annotations

from dataclasses import replace

from emgdeploy.codegen.lower.add_linear import lower_add_linear
from emgdeploy.codegen.step import Step
from emgdeploy.graph.numerics import activation_range
from emgdeploy.graph.types import Graph, Op


def lower_add_mve(graph: Graph, op: Op) -> Step | None:
    """The step, or None where there is no linear form or the output is not all of int8."""
    step = lower_add_linear(graph, op)
    if step is None or activation_range(op.activation, graph.out(op)) != (-128, 127):
        return None
    return replace(
        step,
        kernel="emg_add_linear_mve_s8",
        header="kernels/elementwise/mve/add_linear_mve_s8.h",
        sources=("kernels/elementwise/mve/add_linear_mve_s8.c", *step.sources),
    )
