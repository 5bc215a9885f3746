"""The compiler's front door."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from emgdeploy.codegen.adaptable import parameters_of, with_adaptable_head
from emgdeploy.codegen.dead_channels import prune_channels
from emgdeploy.codegen.includes import files_of
from emgdeploy.codegen.memory_map import memory_map
from emgdeploy.codegen.naming import named
from emgdeploy.codegen.numbering import numbered
from emgdeploy.codegen.placement import layers_in_ram
from emgdeploy.codegen.places import Plan
from emgdeploy.codegen.plan import plan_memory
from emgdeploy.codegen.render import render_model
from emgdeploy.codegen.result import CodegenOptions, GeneratedModel, LayerInfo, OperatorCount, TensorSpec
from emgdeploy.codegen.schedule import schedule
from emgdeploy.codegen.selection import alternatives, lower
from emgdeploy.codegen.step import Step
from emgdeploy.graph.names import distinct
from emgdeploy.graph.passes import simplify
from emgdeploy.graph.types import Graph, Tensor

# How many channels of an image the kernels for an instruction set like to take at once.
_CHANNELS_TOGETHER = {"dsp": 4, "mve": 4}


@dataclass(frozen=True)
class Arrangement:
    """The simplified graph, its kernel calls in order, and their places in the arena."""

    graph: Graph
    steps: tuple[Step, ...]
    plan: Plan


def arrange(graph: Graph, options: CodegenOptions) -> Arrangement:
    """All that is decided before C is printed. Raises InputError for what has no kernel."""
    graph = _prepared(graph, options)
    lowered = lower(graph, options.isa, options.optimize, options.chosen)
    lowered = with_adaptable_head(graph, lowered) if options.adapt_head else lowered
    steps = numbered(schedule(graph, lowered))
    graph = distinct(graph, [(step.writes, step.op.kind) for step in steps])
    return Arrangement(graph, steps, plan_memory(graph, steps))


def generate(graph: Graph, options: CodegenOptions) -> GeneratedModel:
    """Compile a graph to C. Raises InputError for an operator or type that has no kernel."""
    arranged = arrange(graph, options)
    graph, steps, plan = arranged.graph, arranged.steps, arranged.plan
    specs = _spec(graph.tensors[graph.inputs[0]]), _spec(graph.tensors[graph.outputs[0]])
    in_ram = layers_in_ram(graph, steps, options.ram_for_constants)
    in_ram |= {number for number, step in enumerate(steps) if step.adaptable}
    files = render_model(graph, steps, plan, options, specs, in_ram)
    arrays = [a for s in steps for a in s.arrays]
    return GeneratedModel(
        files=named(files, options.name),
        runtime_sources=_sources(steps),
        layers=tuple(_layer(graph, i, s, i in in_ram) for i, s in enumerate(steps)),
        operators=_operators(graph, steps),
        steps_op=tuple(s.op.index for s in steps),
        origins=tuple(graph.tensors[s.writes].source for s in steps),
        input=specs[0],
        output=specs[1],
        macs=sum(s.macs for s in steps),
        params=sum(_parameters(graph, s) for s in steps),
        weights_bytes=sum(a.weights_bytes for a in arrays),
        params_bytes=sum(a.params_bytes for a in arrays),
        arena_bytes=plan.arena_bytes,
        peak_layer=plan.peak,
        arena_bound_plain=plan.bound_plain,
        arena_bound_overlapped=plan.bound_overlapped,
        parameters=parameters_of(steps),
        places=memory_map(graph, steps, plan)[1],
    )


def kernels_by_operator(graph: Graph, options: CodegenOptions) -> dict[int, dict[str, Step]]:
    """By operator index every kernel that can compute it, by name and the best-ranked first."""
    return alternatives(_prepared(graph, options), options.isa, options.optimize)


def _prepared(graph: Graph, options: CodegenOptions) -> Graph:
    """The graph whose operators become steps."""
    graph = simplify(graph, options.keep_float_io)
    if options.every_channel or options.adapt_head:
        return graph
    return prune_channels(graph, _CHANNELS_TOGETHER.get(options.isa, 1))


def _sources(steps: tuple[Step, ...]) -> tuple[str, ...]:
    shared = {"kernels/support/requantize.h", "kernels/support/channels.h"}
    return tuple(sorted(shared.union(*(files_of(step) for step in steps))))


def _spec(tensor: Tensor) -> TensorSpec:
    scale, zero_point = (tensor.q.scale, tensor.q.zero_point) if tensor.quant else (np.float32(1), 0)
    return TensorSpec(tensor.shape, str(tensor.dtype), float(scale), zero_point)


def _layer(graph: Graph, index: int, step: Step, in_ram: bool) -> LayerInfo:
    return LayerInfo(
        index=index,
        name=graph.tensors[step.writes].name,
        op=step.op.kind.name,
        macs=step.macs,
        weights_bytes=step.weights_bytes,
        constants_bytes=step.constants_bytes,
        in_ram=in_ram,
        in_bytes=sum(graph.tensors[t].nbytes for t in step.reads),
        out_bytes=graph.tensors[step.writes].nbytes,
        kernel=step.kernel,
    )


def _operators(graph: Graph, steps: tuple[Step, ...]) -> tuple[OperatorCount, ...]:
    """The graph before and after the passes, as the file's operators against the kernel calls."""
    before = Counter(kind.name for kind in graph.file_ops)
    after = Counter(s.op.kind.name for s in steps)
    return tuple(OperatorCount(op, before[op], after[op]) for op in sorted(before | after))


def _parameters(graph: Graph, step: Step) -> int:
    """Trained numbers of a layer: weights, biases and slopes, zero points not folded."""
    if step.body is not None:
        return sum(_parameters(step.body.graph, inner) for inner in step.body.steps)
    return sum(t.elements for t in graph.ins(step.op) if t.constant) if step.op.kind.trained else 0
