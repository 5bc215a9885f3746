"""From one operator of the graph to one kernel call; one file per family of operators."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from emgdeploy.codegen.dsp.conv import lower_conv_dsp, lower_conv_fast
from emgdeploy.codegen.dsp.dense import lower_dense_dsp
from emgdeploy.codegen.dsp.depthwise import (
    lower_depthwise_dsp,
    lower_depthwise_fast,
    lower_depthwise_whole,
)
from emgdeploy.codegen.lower.add import lower_add
from emgdeploy.codegen.lower.add_linear import lower_add_linear
from emgdeploy.codegen.lower.boundary import lower_dequantize, lower_quantize_float
from emgdeploy.codegen.lower.conv import lower_conv, lower_depthwise
from emgdeploy.codegen.lower.dense import lower_dense
from emgdeploy.codegen.lower.dense_wide import lower_dense_exact, lower_dense_offset, lower_dense_wide
from emgdeploy.codegen.lower.lookup import lower_lookup
from emgdeploy.codegen.lower.mean import lower_mean, lower_reduce_extreme
from emgdeploy.codegen.lower.move import lower_concatenation, lower_pad, lower_slice, lower_transpose
from emgdeploy.codegen.lower.pairs import lower_add_pair, lower_extreme, lower_mul, lower_prelu
from emgdeploy.codegen.lower.pool import lower_pool
from emgdeploy.codegen.lower.rescale import lower_logistic, lower_narrow, lower_rescale, lower_tanh
from emgdeploy.codegen.lower.softmax import lower_softmax
from emgdeploy.codegen.lower.wide import lower_conv_wide, lower_depthwise_wide
from emgdeploy.codegen.mve.add import lower_add_mve
from emgdeploy.codegen.mve.conv import lower_conv_mve
from emgdeploy.codegen.mve.dense import lower_dense_mve
from emgdeploy.codegen.mve.depthwise import lower_depthwise_mve
from emgdeploy.codegen.step import Step
from emgdeploy.errors import InputError
from emgdeploy.graph.operators.activation import (
    ABS,
    EXP,
    GELU,
    HARD_SWISH,
    LEAKY_RELU,
    LOGISTIC,
    RELU,
    RELU6,
    RELU_0_TO_1,
    RELU_N1_TO_1,
    TANH,
)
from emgdeploy.graph.operators.conversion import DEQUANTIZE, QUANTIZE
from emgdeploy.graph.operators.layout import CONCATENATION, EXPAND_DIMS, PAD, RESHAPE, SQUEEZE, TRANSPOSE
from emgdeploy.graph.operators.pairs import ADD, MAXIMUM, MINIMUM, MUL, PRELU, SUB
from emgdeploy.graph.operators.reduction import (
    AVERAGE_POOL_2D,
    MAX_POOL_2D,
    MEAN,
    REDUCE_MAX,
    REDUCE_MIN,
    SOFTMAX,
)
from emgdeploy.graph.operators.slices import STRIDED_SLICE
from emgdeploy.graph.operators.weighted import CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
from emgdeploy.graph.types import Graph, Op, Operator

# Operators that change how a tensor is seen, not what its bytes are.
VIEWS = frozenset({RESHAPE, SQUEEZE, EXPAND_DIMS})

Lowering = Callable[[Graph, Op], Step | None]

# By operator and element type of its output, the best first; None passes on to the next.
_KERNELS: dict[tuple[Operator, str], tuple[Lowering, ...]] = {
    (ABS, "int8"): (lower_lookup,),
    (ADD, "int8"): (lower_lookup, lower_add_linear, lower_add, lower_add_pair),
    (ADD, "int16"): (lower_add_pair,),
    (CONV_2D, "int8"): (lower_conv,),
    (CONV_2D, "int16"): (lower_conv_wide,),
    (DEPTHWISE_CONV_2D, "int8"): (lower_depthwise,),
    (DEPTHWISE_CONV_2D, "int16"): (lower_depthwise_wide,),
    (DEQUANTIZE, "float32"): (lower_dequantize,),
    (FULLY_CONNECTED, "int8"): (lower_dense_exact, lower_dense_offset, lower_dense),
    (FULLY_CONNECTED, "int16"): (lower_dense_wide,),
    (EXP, "int8"): (lower_lookup,),
    (GELU, "int8"): (lower_lookup,),
    (HARD_SWISH, "int8"): (lower_lookup,),
    (LEAKY_RELU, "int8"): (lower_lookup,),
    (LEAKY_RELU, "int16"): (lower_rescale,),
    (LOGISTIC, "int8"): (lower_lookup,),
    (LOGISTIC, "int16"): (lower_logistic,),
    (MAXIMUM, "int8"): (lower_lookup, lower_extreme),
    (MAXIMUM, "int16"): (lower_extreme,),
    (MINIMUM, "int8"): (lower_lookup, lower_extreme),
    (MINIMUM, "int16"): (lower_extreme,),
    (MUL, "int8"): (lower_lookup, lower_mul),
    (MUL, "int16"): (lower_mul,),
    (PRELU, "int8"): (lower_lookup, lower_prelu),
    (PRELU, "int16"): (lower_prelu,),
    (QUANTIZE, "int8"): (lower_lookup, lower_narrow, lower_quantize_float),
    (QUANTIZE, "int16"): (lower_lookup, lower_rescale, lower_quantize_float),
    (RELU_0_TO_1, "int8"): (lower_lookup,),
    (RELU_N1_TO_1, "int8"): (lower_lookup,),
    (SUB, "int8"): (lower_lookup, lower_add_pair),
    (SUB, "int16"): (lower_add_pair,),
    (TANH, "int8"): (lower_lookup,),
    (TANH, "int16"): (lower_tanh,),
    **{
        (kind, dtype): (lowering,)
        for dtype in ("int8", "int16")
        for kind, lowering in (
            (AVERAGE_POOL_2D, lower_pool),
            (CONCATENATION, lower_concatenation),
            (MAX_POOL_2D, lower_pool),
            (MEAN, lower_mean),
            (PAD, lower_pad),
            (REDUCE_MAX, lower_reduce_extreme),
            (REDUCE_MIN, lower_reduce_extreme),
            (SOFTMAX, lower_softmax),
            (STRIDED_SLICE, lower_slice),
            (TRANSPOSE, lower_transpose),
        )
    },
    **{
        (kind, dtype): (lowering,)
        for kind in (RELU, RELU6)
        for dtype, lowering in (("int8", lower_lookup), ("int16", lower_rescale))
    },
}
# Tried before those on cores with the DSP extension.
_DSP_KERNELS: dict[tuple[Operator, str], tuple[Lowering, ...]] = {
    (CONV_2D, "int8"): (lower_conv_fast, lower_conv_dsp),
    (DEPTHWISE_CONV_2D, "int8"): (
        lower_depthwise_whole,
        lower_depthwise_fast,
        lower_depthwise_dsp,
    ),
    (FULLY_CONNECTED, "int8"): (lower_dense_exact, lower_dense_offset, lower_dense_dsp),
}
# Tried before those on cores with Helium.
_MVE_KERNELS: dict[tuple[Operator, str], tuple[Lowering, ...]] = {
    (ADD, "int8"): (lower_lookup, lower_add_mve),
    (CONV_2D, "int8"): (lower_conv_mve,),
    (DEPTHWISE_CONV_2D, "int8"): (lower_depthwise_mve,),
    (FULLY_CONNECTED, "int8"): (lower_dense_exact, lower_dense_offset, lower_dense_mve),
}
_ISA_KERNELS = {"dsp": _DSP_KERNELS, "mve": _MVE_KERNELS}

# What only some of the modes take: kernels that pay for their speed with memory or code.
_ONLY_IN: dict[Lowering, frozenset[str]] = {
    lower_conv_fast: frozenset({"speed", "balanced"}),
    lower_dense_dsp: frozenset({"speed", "balanced"}),
    lower_depthwise_fast: frozenset({"speed", "balanced"}),
    lower_depthwise_whole: frozenset({"speed"}),
}
# Fast kernels that may need their output apart from their input where the general ones do not.
_APART = frozenset({lower_depthwise_dsp, lower_depthwise_mve})


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
        _lower(graph, op, isa, optimize, wanted.get(op.index)) for op in graph.ops if op.kind not in VIEWS
    )


def alternatives(graph: Graph, isa: str, optimize: str) -> dict[int, dict[str, Step]]:
    """By operator index, every kernel that can compute it, by name and the best-ranked first."""
    return {op.index: dict(_steps(graph, op, isa, optimize)) for op in graph.ops if op.kind not in VIEWS}


def _candidates(op: Op, dtype: str, isa: str) -> tuple[Lowering, ...]:
    if op.chain:
        return (lower_lookup,)
    key = (op.kind, dtype)
    return (*_ISA_KERNELS.get(isa, {}).get(key, ()), *_KERNELS.get(key, ()))


def _steps(graph: Graph, op: Op, isa: str, optimize: str) -> Iterator[tuple[str, Step]]:
    """The kernels that apply, by name."""
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
    known = ", ".join(sorted({f"{kind.name} ({dtype})" for kind, dtype in _KERNELS}))
    raise InputError(
        f"{graph.where(op)} has no kernel that writes {out.dtype} from these operands",
        f"kernels exist for {known}",
    )
