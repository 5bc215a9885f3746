"""Tables of int8 operators: all 256 inputs of many quantizations, against the reference."""

from __future__ import annotations

import numpy as np
import pytest

from emgdeploy.codegen.exact.unary import evaluate
from emgdeploy.convert.reference import Reference
from emgdeploy.graph import read_tflite
from support.models.one_op import every, random_case

KINDS = (
    "ABS", "ADD", "EXP", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "MAXIMUM", "MINIMUM", "MUL", "SQUARED_DIFFERENCE", "PRELU",
    "QUANTIZE", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "SUB", "TANH",
)  # fmt: skip


def differing(kind: str, cases: range) -> list[int]:
    """The cases in which the compiler's table is not the reference's."""
    found = []
    for case in cases:
        tflite = random_case(kind, np.random.default_rng(case), "int8", 256)
        graph = read_tflite(tflite)
        table = evaluate(graph, graph.ops[0], np.arange(-128, 128))
        if not np.array_equal(table, Reference(tflite, keep_tensors=False).run(every("int8"))[0]):
            found.append(case)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_is_the_reference_for_every_input(kind: str) -> None:
    assert differing(kind, range(120)) == []


def test_a_tie_goes_where_the_c_library_leads() -> None:
    """Inputs -84 and -38 give 85.5 steps of the output but for the last bits of tanhf."""
    assert differing("TANH", range(13_835, 13_836)) == []
