"""Dense layers with two units in one multiplication: chunks are as long as 16 bits allow, and no longer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.codegen.lower.dense_pairs import chunks
from emgdeploy.convert.reference import Reference
from emgdeploy.graph import read_tflite
from support.machines.core_model import run_on
from support.machines.proof import known_answer, prove
from support.models.coverage import kernels_called
from support.models.tflite_writer import ModelWriter, options

UNITS, DEPTH = 11, 120


def ends(weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Inputs (2, ...) that take each sum to its greatest and its least."""
    return np.stack([np.where(sign * weights > 0, 127, -128) for sign in (1, -1)])


@pytest.mark.parametrize("seed", range(20))
def test_chunks_end_where_a_sum_could_leave_16_bits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-128, 129, (8, 60)) // rng.choice([1, 1, 3, 20, 130])
    weights[:, rng.random(60) < 0.1] = -128
    lengths = chunks(weights)
    assert sum(lengths) == 60 and min(lengths) >= 1
    start = 0
    for length in lengths:
        for further in range(length + 1):
            part = weights[:, start : start + further]
            sums = (ends(part) * part).sum(axis=2)
            assert sums.max() <= 2**15 - 1 and sums.min() >= -(2**15)
        longer = weights[:, start : start + length + 1]
        reached = (ends(longer) * longer).sum(axis=2)
        assert start + length == 60 or reached.max() > 2**15 - 1 or reached.min() < -(2**15)
        start += length


def layer(seed: int) -> tuple[bytes, NDArray[np.int8]]:
    """A dense layer whose first chunks end exactly at the bounds, and windows that take every unit there."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-20, 21, (UNITS, DEPTH))
    # 16 inputs of 127 * 16 and 128 * 16 make 32512 and 32768.
    weights[0, :20], weights[1, :20], weights[2, :20] = -16, 16, rng.choice([-16, 16], 20)
    writer = ModelWriter()
    scale = np.float32(0.004)
    image = writer.tensor((1, 2, DEPTH), "int8", 1.0, int(rng.integers(-128, 128)))
    kernel = writer.tensor((UNITS, DEPTH), "int8", float(scale), 0, weights.astype(np.int8))
    bias = writer.tensor((UNITS,), "int32", float(scale), 0, rng.integers(-999, 999, UNITS).astype(np.int32))
    out = writer.tensor((1, 2, UNITS), "int8", 1.7, 3)
    chosen = options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=True)
    writer.op("FULLY_CONNECTED", [image, kernel, bias], out, chosen)
    x = ends(weights).reshape(-1, 2, DEPTH)
    return writer.finish([image], [out]), x.astype(np.int8)


@pytest.mark.parametrize(("seed", "core"), [(0, "cortex-m0"), (1, "cortex-m3"), (2, "cortex-m0plus")])
def test_sums_at_their_ends_equal_the_reference(seed: int, core: str, tmp_path: Path) -> None:
    tflite, x = layer(seed)
    prove(tflite, tmp_path / "native", x, optimize="speed")
    model = generate(read_tflite(tflite), CodegenOptions(known_answer(tflite), optimize="speed"))
    assert kernels_called(model) == ["fully_connected_pairs_s8"]
    wanted = Reference(tflite, keep_tensors=False).run(x)
    assert np.array_equal(run_on(core, model, x, tmp_path), wanted.reshape(len(x), -1))
