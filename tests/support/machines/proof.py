"""The proof of a generated model: every step's tensor equal to the reference, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate
from emgdeploy.convert.reference import Reference, evaluate
from emgdeploy.graph import read_tflite
from emgdeploy.graph.numerics import other_sign
from support.machines.native_model import SANITIZE, NativeModel


@dataclass(frozen=True)
class Proof:
    """What was compared, and how varied it was."""

    generated: GeneratedModel
    windows: int
    distinct_outputs: int
    saturated: float


def known_answer(tflite: bytes, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """A random window of the model's input type and the reference's output for it."""
    reference = Reference(tflite, keep_tensors=False)
    x = windows_of(reference, 1, "random", seed)
    return x[0], reference.run(x)[0]


def windows_of(reference: Reference, n: int, kind: str, seed: int = 0, reach: float = 4.0) -> NDArray[Any]:
    """n windows: random, extreme (each value an end of the range), constant, or smooth noise.

    Float inputs range from -reach to reach.
    """
    rng = np.random.default_rng(seed)
    shape, dtype = (n, *reference.input.shape[1:]), reference.input.dtype
    if dtype.kind == "f":
        low, high = -reach, reach
    else:
        low, high = float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)
    if kind == "random":
        x = rng.uniform(low, high, shape)
    elif kind == "extreme":
        x = np.where(rng.random(shape) < 0.5, low, high)
    elif kind == "constant":
        x = np.broadcast_to(rng.uniform(low, high, (n,) + (1,) * (len(shape) - 1)), shape)
    else:
        noise = np.cumsum(rng.normal(size=(n, int(np.prod(shape[1:])))), axis=1)
        noise -= noise.mean(axis=1, keepdims=True)
        noise /= np.abs(noise).max(axis=1, keepdims=True) + 1e-9
        x = (low + high) / 2 + noise.reshape(shape) * (high - low) / 2
    return np.clip(np.round(x) if dtype.kind != "f" else x, low, high).astype(dtype)


def prove(
    tflite: bytes,
    folder: Path,
    x: NDArray[Any] | None = None,
    flags: tuple[str, ...] = SANITIZE,
    compiler: str = "gcc",
    **options: Any,
) -> Proof:
    """Compile, run, and compare every step's tensor and the outputs; AssertionError on any bit."""
    reference = Reference(tflite)
    if x is None:
        x = np.concatenate([windows_of(reference, 2, k) for k in ("random", "extreme", "constant", "smooth")])
    generated = generate(
        read_tflite(tflite, evaluate=evaluate), CodegenOptions(known_answer(tflite), **options)
    )
    ran = NativeModel(generated, folder, compiler, flags).run(generated.input.quantize(x))
    for i, window in enumerate(x):
        wanted = reference.tensors(window)
        for step, origin in enumerate(generated.origins):
            expected = origin.of(wanted[origin.tensor]).reshape(-1)
            got = ran.steps[step][i].view(expected.dtype)
            layer = generated.layers[step]
            assert np.array_equal(got, expected), (
                f"window {i}: step {step} ({layer.op} {layer.name}) differs in "
                f"{np.count_nonzero(got != expected)} of {expected.size} values"
            )
        assert np.array_equal(
            as_file(generated, ran.outputs[i], reference), wanted[reference.output.index].reshape(-1)
        ), f"window {i}: output"
    assert ran.selftest_passed
    return Proof(generated, len(x), len(np.unique(ran.outputs, axis=0)), _saturated(ran.outputs))


def as_file(generated: GeneratedModel, values: NDArray[Any], reference: Reference) -> NDArray[Any]:
    """The device's output in the type of the file's output tensor."""
    if reference.output.dtype == np.uint8:
        return other_sign(values)
    return generated.output.dequantize(values) if reference.output.dtype.kind == "f" else values


def _saturated(values: NDArray[Any]) -> float:
    if values.dtype.kind == "f":
        return 0.0
    info = np.iinfo(values.dtype)
    return float(np.mean((values == info.min) | (values == info.max)))
