"""Loops over steps: the body compiled like a network of its own, its memory inside the loop's scratch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import numpy as np

from emgdeploy.codegen.plan import plan_memory
from emgdeploy.codegen.schedule import schedule
from emgdeploy.codegen.step import Array, Body, Step
from emgdeploy.graph.passes import simplify
from emgdeploy.graph.types import Graph, Loop, Op

Lower = Callable[[Graph], tuple[Step, ...]]


def lower_loop(op: Op, loop: Loop, lower: Lower) -> Step:
    """One step whose code and constants are the same for any number of runs."""
    graph = simplify(loop.body, keep_float_io=True)
    steps = schedule(graph, lower(graph))
    plan = plan_memory(graph, steps)
    start = Array(f"start_{op.index}", "int8_t", np.asarray(loop.start.data).reshape(-1))
    *rows, state = graph.inputs
    body = Body(
        graph=graph,
        steps=steps,
        plan=plan,
        count=loop.steps,
        rows=tuple((row, graph.tensors[row].nbytes) for row in rows),
        state=state,
        result=graph.outputs[0],
        state_bytes=graph.tensors[state].nbytes,
        start=start.name,
    )
    return Step(
        op=op,
        kernel=f"loop_{op.index}",
        header="",
        sources=(),
        fields=(),
        arrays=(start, *chain.from_iterable(step.arrays for step in steps)),
        reads=op.inputs,
        writes=op.outputs[0],
        macs=loop.steps * sum(step.macs for step in steps),
        scratch_bytes=plan.arena_bytes,
        body=body,
    )
