"""A network of one operator of one operand, for tables and functions that are tried on every input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.models.tflite_writer import ModelWriter, options

# Operator -> its options table and fields, and extra constant operands as (dtype, scale, zero point, value).
Quantization = tuple[str, float, int]


def network(
    kind: str,
    image: Quantization,
    out: Quantization,
    count: int,
    table: Any = None,
    constant: tuple[Quantization, int] | None = None,
    constant_first: bool = False,
) -> bytes:
    """`count` numbers in, as many out; `constant` is another operand of one number."""
    writer = ModelWriter()
    a = writer.tensor((1, count), *image)
    b = writer.tensor((1, count), *out)
    inputs = [a]
    if constant is not None:
        quantization, value = constant
        inputs.insert(0 if constant_first else 1, writer.tensor((1,), *quantization, np.array([value])))
    writer.op(kind, inputs, b, table)
    return writer.finish([a], [b])


def every(dtype: str) -> NDArray[Any]:
    """One window of all values of int8 or int16."""
    limits = np.iinfo(dtype)
    return np.arange(limits.min, limits.max + 1).astype(dtype)[None]


def random_case(kind: str, rng: np.random.Generator, dtype: str, count: int) -> bytes:
    """A random quantization of one operator; `dtype` is that of its input."""
    size = 128 if dtype == "int8" else 32768

    def quantization(kind: str = dtype, spread: float = 0.0) -> Quantization:
        unit = 128 if kind == "int8" else 32768
        scale = (
            spread * np.exp(rng.uniform(-1.5, 1.5)) / unit
            if spread
            else np.exp(rng.uniform(-7, 1)) / unit * 128
        )
        zero_point = int(rng.integers(-128, 128)) if kind == "int8" else 0
        return kind, float(np.float32(scale)), zero_point

    image = quantization()
    reach = image[1] * size
    if kind in ("LOGISTIC", "TANH"):
        step = 1 / 256 if kind == "LOGISTIC" else 1 / 128
        out: Quantization = (
            ("int8", step, int(rng.choice([-128, 0, 5]))) if size == 128 else (dtype, 1 / 32768, 0)
        )
        if kind == "TANH" and size != 128 and rng.random() < 0.3:
            image = (dtype, 2.0 ** -int(rng.integers(10, 14)), 0)
        return network(kind, image, out, count)
    if kind == "EXP":
        image = (dtype, min(image[1], 0.02), image[2])
        return network(kind, image, quantization(dtype, float(np.exp(128 * image[1]))), count)
    if kind in ("MAXIMUM", "MINIMUM"):
        limits = np.iinfo(dtype)
        value = int(rng.integers(limits.min, limits.max + 1))
        return network(kind, image, image, count, options("MaximumMinimumOptions"), (image, value))
    if kind == "SQUARED_DIFFERENCE":
        value = int(rng.integers(-128, 128))
        out = quantization(dtype, reach**2)
        return network(kind, image, out, count, None, (quantization(dtype, reach), value), rng.random() < 0.5)
    if kind in ("ADD", "MUL", "PRELU", "SUB"):
        other = quantization("int8" if kind == "PRELU" else dtype, reach if kind in ("ADD", "SUB") else 1.0)
        limits = np.iinfo(other[0])
        value = int(rng.integers(limits.min, limits.max + 1))
        table = {
            "ADD": options("AddOptions", str(rng.choice(["NONE", "RELU", "RELU6"])), potScaleInt16=False),
            "SUB": options("SubOptions", str(rng.choice(["NONE", "RELU", "RELU6"])), potScaleInt16=False),
            "MUL": options("MulOptions", str(rng.choice(["NONE", "RELU", "RELU6"]))),
        }.get(kind)
        first = kind == "SUB" and rng.random() < 0.5
        return network(kind, image, quantization(dtype, reach), count, table, (other, value), first)
    table = {
        "ABS": options("AbsOptions"),
        "GELU": options("GeluOptions", approximate=bool(rng.random() < 0.5)),
        "HARD_SWISH": options("HardSwishOptions"),
        "LEAKY_RELU": options("LeakyReluOptions", alpha=float(rng.choice([0.01, 0.2, 0.5, 3.0, 1.0]))),
        "QUANTIZE": options("QuantizeOptions"),
    }.get(kind)
    out_type = str(rng.choice(["int8", "int16"])) if kind == "QUANTIZE" else dtype
    return network(kind, image, quantization(out_type, reach), count, table)
