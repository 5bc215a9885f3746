"""16-bit operators of one operand: all 65,536 inputs through generated C, against the reference.

They go through in 16 windows: the self-test holds one window, and the larger it is the longer C takes to compile.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.machines.proof import prove
from support.models.one_op import every, network, random_case
from support.models.tflite_writer import options

KINDS = (
    "QUANTIZE", "LOGISTIC", "RELU", "RELU6", "LEAKY_RELU", "PRELU", "ADD", "MUL", "SUB", "TANH", "MAXIMUM",
)  # fmt: skip
COUNT = 4096
EVERY = every("int16").reshape(-1, COUNT)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", range(3))
def test_every_input_of_a_random_quantization(kind: str, case: int, tmp_path: Path) -> None:
    tflite = random_case(kind, np.random.default_rng(case), "int16", COUNT)
    assert prove(tflite, tmp_path, EVERY).windows * COUNT == 65536


@pytest.mark.parametrize("scale", [1 / 4096, 1 / 2048, 1 / 4097, 1e-6, 3.9])
@pytest.mark.parametrize("kind", ["LOGISTIC", "TANH"])
def test_the_functions_at_the_ends_of_their_scales(kind: str, scale: float, tmp_path: Path) -> None:
    """1/4096 has a form of its own, for TANH 1/2048 too; beyond 4 the reference overflows."""
    tflite = network(kind, ("int16", scale, 0), ("int16", 1 / 32768, 0), COUNT)
    assert prove(tflite, tmp_path, EVERY).windows * COUNT == 65536


def test_int8_to_int16_is_a_table_of_wide_entries(tmp_path: Path) -> None:
    tflite = network("QUANTIZE", ("int8", 0.1, 7), ("int16", 0.0007, 0), 256, options("QuantizeOptions"))
    proof = prove(tflite, tmp_path, every("int8"))
    folder, kernel = "kernels/elementwise", "lookup_s8_s16"
    assert [name for name in proof.generated.runtime_sources if "support" not in name] == [
        f"{folder}/{kernel}.c",
        f"{folder}/{kernel}.h",
    ]
