"""UNIDIRECTIONAL_SEQUENCE_LSTM, int8: one loop over the steps, whatever their number."""

from __future__ import annotations

import numpy as np

from emgdeploy.codegen.lower.axes import listed
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.numerics import quantize_multiplier
from emgdeploy.graph.operators.recurrent import (
    GATES,
    UNIDIRECTIONAL_SEQUENCE_LSTM,
    Gate,
    cell_exponent,
    hidden,
    input_gates,
    state_gates,
)
from emgdeploy.graph.types import Graph, Op


def lower_lstm(graph: Graph, op: Op) -> Step:
    """Unit by unit the four gates' weights stand together; the cell waits in scratch memory."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    steps, batch = image.shape[:2] if op.time_major else image.shape[1::-1]
    depth, units = image.shape[2], out.shape[2]
    q, exponent = hidden(graph, op), cell_exponent(graph, op)
    # The reference keeps this one in a float32.
    scale = quantize_multiplier(float(np.float32(2.0**-30 / float(q.scale))))
    clip = _clip(op.clip, exponent)
    sums = (("input", input_gates(graph, op)), ("state", state_gates(graph, op)))
    return Step(
        op=op,
        kernel="emg_lstm_s8",
        header="kernels/recurrent/lstm_s8.h",
        sources=("kernels/recurrent/lstm_s8.c", "kernels/recurrent/gates_s16.c"),
        fields=(
            *(_sum(name, op.index, gates) for name, gates in sums),
            Field("steps", steps),
            Field("batch", batch),
            Field("step_stride", batch if op.time_major else 1),
            Field("batch_stride", 1 if op.time_major else steps),
            Field("depth", depth),
            Field("units", units),
            Field("cell_bits", 15 + exponent),
            Field("cell_shift", 30 + exponent),
            Field("lowest", -clip if clip else -(2**15)),
            Field("highest", clip or 2**15 - 1),
            Field("multiplier", scale.mantissa),
            Field("shift", scale.shift),
            Field("zero_point", q.zero_point),
        ),
        arrays=tuple(a for name, gates in sums for a in _arrays(name, op.index, gates)),
        reads=(image.index,),
        writes=out.index,
        macs=steps * batch * len(GATES) * units * (depth + units),
        scratch_bytes=2 * units,
        scratch_type="int16_t",
    )


def _clip(clip: float, exponent: int) -> int:
    """The cell's bound in its own steps, 0 for none."""
    return int(min(float(np.float32(clip)) / 2.0**exponent, 32767.0))


def _sum(name: str, index: int, gates: tuple[Gate, ...]) -> Field:
    return Field(
        name,
        (
            Field("weights", f"{name}_weights_{index}"),
            Field("bias", f"{name}_bias_{index}"),
            listed("multiplier", [g.multiplier.mantissa for g in gates]),
            listed("shift", [g.multiplier.shift for g in gates]),
        ),
    )


def _arrays(name: str, index: int, gates: tuple[Gate, ...]) -> tuple[Array, ...]:
    weights = np.stack([g.weights for g in gates], axis=1).astype(np.int8)
    bias = np.stack([g.bias for g in gates], axis=1).astype(np.int32)
    return (
        Array(f"{name}_weights_{index}", "int8_t", weights.reshape(-1), "weights"),
        Array(f"{name}_bias_{index}", "int32_t", bias.reshape(-1)),
    )


RECORDS = (Record(UNIDIRECTIONAL_SEQUENCE_LSTM, int8=(lower_lstm,)),)
