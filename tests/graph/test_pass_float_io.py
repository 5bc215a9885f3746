"""Float ends: left to the host, or kept on the device when asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.graph.passes.drop_float_io import drop_float_io
from support.machines.proof import prove
from support.models.maker import Maker, Value
from support.models.passes import kinds, proven
from support.models.tflite_writer import options
from support.random_models.random_weighted import conv


def float_network(between: bool, dtype: str = "int8") -> bytes:
    """float -> [TRANSPOSE] -> QUANTIZE -> CONV_2D -> DEQUANTIZE -> [TRANSPOSE] -> float."""
    m = Maker(1, dtype)
    x = m.value((1, 4, 5, 3))
    source = m.writer.tensor((1, 3, 4, 5) if between else x.shape, "float32")
    real = m.writer.tensor(x.shape, "float32") if between else source
    if between:
        m.writer.op("TRANSPOSE", [source, m.integers((0, 2, 3, 1))], real, options("TransposeOptions"))
    m.writer.op("QUANTIZE", [real], x.index, options("QuantizeOptions"))
    y = conv(m, x)
    out = m.writer.tensor(y.shape, "float32")
    m.writer.op("DEQUANTIZE", [y.index], out, options("DequantizeOptions"))
    if between:
        out = _back(m, y, out)
    return m.writer.finish([source], [out])


def _back(m: Maker, y: Value, out: int) -> int:
    moved = m.writer.tensor((1, y.shape[3], *y.shape[1:3]), "float32")
    m.writer.op("TRANSPOSE", [out, m.integers((0, 3, 1, 2))], moved, options("TransposeOptions"))
    return moved


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("between", [False, True])
def test_the_device_takes_and_gives_integers(
    between: bool, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = proven(float_network(between, dtype), drop_float_io, tmp_path, monkeypatch)
    assert kinds(graph) == (["TRANSPOSE", "CONV_2D", "TRANSPOSE"] if between else ["CONV_2D"])
    assert {str(graph.tensors[t].dtype) for t in (*graph.inputs, *graph.outputs)} == {dtype}


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_float_kernels_do_the_same_on_the_device(dtype: str, tmp_path: Path) -> None:
    proof = prove(float_network(False, dtype), tmp_path, keep_float_io=True)
    assert (proof.generated.input.dtype, proof.generated.output.dtype) == ("float32", "float32")
    assert [layer.op for layer in proof.generated.layers] == ["QUANTIZE", "CONV_2D", "DEQUANTIZE"]


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_quantizing_ties_and_what_lies_beyond_the_range(dtype: str, tmp_path: Path) -> None:
    m = Maker(0, dtype)
    q = m.quantized((1, 4000), 0.1 if dtype == "int8" else 0.001, 3 if dtype == "int8" else 0)
    source = m.writer.tensor((1, 4000), "float32")
    m.writer.op("QUANTIZE", [source], q.index, options("QuantizeOptions"))
    real = m.writer.tensor((1, 4000), "float32")
    m.writer.op("DEQUANTIZE", [q.index], real, options("DequantizeOptions"))
    step = np.float32(q.scale)
    halves = (np.arange(-2000, 2000, dtype=np.float32) + np.float32(0.5)) * step / 7
    ties = (np.arange(-2000, 2000, dtype=np.float32) - np.float32(0.5)) * step
    near = np.nextafter(ties, np.float32(0))
    far = np.geomspace(1, 1e5, 4000).astype(np.float32) * np.float32(-1) ** np.arange(4000)
    x = np.stack([halves, ties, near, far]).astype(np.float32)
    prove(m.writer.finish([source], [real]), tmp_path, x, keep_float_io=True)


def test_host_and_device_agree_on_both_ways_between_float_and_integers() -> None:
    from emgdeploy.codegen import TensorSpec

    for dtype in ("int8", "int16"):
        limits = np.iinfo(dtype)
        values = np.arange(limits.min, limits.max + 1).astype(dtype)
        for scale in np.exp(np.random.default_rng(0).uniform(-20, 5, 50)):
            spec = TensorSpec((values.size,), dtype, float(np.float32(scale)), 11 if dtype == "int8" else 0)
            assert np.array_equal(spec.quantize(spec.dequantize(values)), values)
