"""Tables of int8 operators: all 256 inputs of many quantizations, against the reference."""

from __future__ import annotations

import numpy as np
import pytest

from emgdeploy.codegen.exact.unary import evaluate
from emgdeploy.convert.reference import Reference
from emgdeploy.graph import read_tflite
from support.one_op import every, random_case

KINDS = ("QUANTIZE", "LOGISTIC", "RELU", "RELU6", "LEAKY_RELU", "PRELU", "ADD", "MUL")


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
