"""Which kernel computes an operator: candidates from the best on, by operator, type, instruction set and mode."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache

from emgdeploy.codegen import lower as portable
from emgdeploy.codegen.loops import lower_loop
from emgdeploy.codegen.lower.conv import lower_conv_pairs
from emgdeploy.codegen.lower.dense_int16 import lower_dense_exact, lower_dense_offset
from emgdeploy.codegen.lower.dense_pairs import lower_dense_pairs
from emgdeploy.codegen.lower.dsp.conv import lower_conv_dsp, lower_conv_fast
from emgdeploy.codegen.lower.dsp.dense import lower_dense_dsp
from emgdeploy.codegen.lower.dsp.depthwise import (
    lower_depthwise_dsp,
    lower_depthwise_fast,
    lower_depthwise_whole,
)
from emgdeploy.codegen.lower.dsp.depthwise_any import lower_depthwise_any
from emgdeploy.codegen.lower.dsp.winograd import lower_conv_winograd
from emgdeploy.codegen.lower.lookup import lower_lookup
from emgdeploy.codegen.lower.mve.add import lower_add_mve
from emgdeploy.codegen.lower.mve.conv import lower_conv_mve
from emgdeploy.codegen.lower.mve.dense import lower_dense_mve
from emgdeploy.codegen.lower.mve.depthwise import lower_depthwise_mve
from emgdeploy.codegen.lower.mve.depthwise_any import lower_depthwise_any_mve
from emgdeploy.codegen.lower.one_row import in_one_row
from emgdeploy.codegen.record import Lowering, Record
from emgdeploy.codegen.step import Step
from emgdeploy.errors import InputError
from emgdeploy.graph.operators import operators
from emgdeploy.graph.operators.pairs import ADD
from emgdeploy.graph.operators.weighted import CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
from emgdeploy.graph.types import Graph, Op, Operands, Operator

# Tried before the others on cores without SIMD.
_SCALAR_KERNELS: dict[tuple[Operator, str], tuple[Lowering, ...]] = {
    (FULLY_CONNECTED, "int8"): (lower_dense_exact, lower_dense_offset, lower_dense_pairs),
}
# Tried before the portable ones on cores with the DSP extension.
_DSP_KERNELS: dict[tuple[Operator, str], tuple[Lowering, ...]] = {
    (CONV_2D, "int8"): (lower_conv_winograd, lower_conv_fast, lower_conv_dsp),
    (DEPTHWISE_CONV_2D, "int8"): (
        lower_depthwise_whole,
        lower_depthwise_fast,
        lower_depthwise_dsp,
        lower_depthwise_any,
    ),
    (FULLY_CONNECTED, "int8"): (lower_dense_exact, lower_dense_offset, lower_dense_dsp),
}
# Tried before the portable ones on cores with Helium.
_MVE_KERNELS: dict[tuple[Operator, str], tuple[Lowering, ...]] = {
    (ADD, "int8"): (lower_lookup, lower_add_mve),
    (CONV_2D, "int8"): (lower_conv_mve,),
    (DEPTHWISE_CONV_2D, "int8"): (lower_depthwise_mve, lower_depthwise_any_mve),
    (FULLY_CONNECTED, "int8"): (lower_dense_exact, lower_dense_offset, lower_dense_mve),
}
_FASTER = {"portable": _SCALAR_KERNELS, "dsp": _DSP_KERNELS, "mve": _MVE_KERNELS}

# What only some of the modes take: kernels that pay for their speed with memory or code.
_ONLY_IN: dict[Lowering, frozenset[str]] = {
    lower_conv_fast: frozenset({"speed", "balanced"}),
    lower_conv_pairs: frozenset({"speed", "balanced"}),
    lower_conv_winograd: frozenset({"speed"}),
    lower_dense_dsp: frozenset({"speed", "balanced"}),
    lower_dense_pairs: frozenset({"speed"}),
    lower_depthwise_fast: frozenset({"speed", "balanced"}),
    lower_depthwise_whole: frozenset({"speed"}),
}
# Fast kernels that may need their output apart from their input where the general ones do not.
_APART = frozenset({lower_depthwise_dsp, lower_depthwise_mve})


def record_of(kind: Operator) -> Record:
    """What the compiler knows of an operator.

    One that works on a single operand element by element needs no record: it is a table of int8.
    """
    usual = (lower_lookup,) if kind.operands is Operands.ONE else ()
    return _records().get(kind) or Record(kind, int8=usual)


@cache
def _records() -> dict[Operator, Record]:
    """The RECORDS of every file in `lower`."""
    names = [info.name for info in pkgutil.iter_modules(portable.__path__)]
    modules = [importlib.import_module(f"{portable.__name__}.{name}") for name in names]
    return {record.kind: record for module in modules for record in getattr(module, "RECORDS", ())}


def lower(
    graph: Graph,
    isa: str = "portable",
    optimize: str = "balanced",
    chosen: Mapping[int, str] | None = None,
) -> tuple[Step, ...]:
    """Every operator that computes something, as a kernel call, in execution order.

    chosen: by operator index a name of `alternatives`, where not the best-ranked kernel is wanted.
    Raises InputError naming the first operator that has no kernel.
    """
    wanted = chosen or {}
    return tuple(
        _lower(graph, op, isa, optimize, wanted.get(op.index)) for op in graph.ops if not op.kind.view
    )


def alternatives(graph: Graph, isa: str, optimize: str) -> dict[int, dict[str, Step]]:
    """By operator index, every kernel that can compute it, by name and the best-ranked first."""
    return {op.index: dict(_steps(graph, op, isa, optimize)) for op in graph.ops if not op.kind.view}


def _candidates(op: Op, dtype: str, isa: str) -> tuple[Lowering, ...]:
    if op.chain:
        return (lower_lookup,)
    faster = _FASTER.get(isa, {}).get((op.kind, dtype), ())
    return (*faster, *record_of(op.kind).kernels(dtype))


def _steps(graph: Graph, op: Op, isa: str, optimize: str) -> Iterator[tuple[str, Step]]:
    """The kernels that apply, by name."""
    graph, op = in_one_row(graph, op)
    if op.loop is not None:
        yield "loop", lower_loop(op, op.loop, lambda body: lower(body, isa, optimize))
        return
    for lowering in _candidates(op, str(graph.out(op).dtype), isa):
        if optimize not in _ONLY_IN.get(lowering, (optimize,)):
            continue
        step = lowering(graph, op)
        # In memory mode a fast kernel must not need its output apart from its input.
        if step is not None and not (optimize == "memory" and lowering in _APART and not step.overlaps):
            yield lowering.__name__.removeprefix("lower_"), step


def _lower(graph: Graph, op: Op, isa: str, optimize: str, wanted: str | None) -> Step:
    found = _steps(graph, op, isa, optimize)
    step = next((step for name, step in found if wanted in (None, name)), None)
    if step is not None:
        return step
    out = graph.out(op)
    records = map(record_of, operators().values())
    known = ", ".join(sorted(f"{r.kind.name} ({dtype})" for r in records for dtype in r.types))
    raise InputError(
        f"{graph.where(op)} has no kernel that writes {out.dtype} from these operands",
        f"kernels exist for {known}",
    )
