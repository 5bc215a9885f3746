"""Generated C against the reference on random networks: every tensor, every bit."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from emgdeploy.graph import Graph, read_tflite
from emgdeploy.graph.operators import operators
from emgdeploy.graph.operators.activation import ABS, EXP, GELU, HARD_SWISH, RELU, RELU_0_TO_1, RELU_N1_TO_1
from emgdeploy.graph.operators.conversion import DEQUANTIZE
from emgdeploy.graph.operators.dilation import BATCH_TO_SPACE_ND, SPACE_TO_BATCH_ND
from emgdeploy.graph.operators.float_rows import FLOAT_ROWS
from emgdeploy.graph.operators.function import LOOKUP
from emgdeploy.graph.operators.layout import PAD, TRANSPOSE
from emgdeploy.graph.operators.loop import WHILE
from emgdeploy.graph.operators.product import BATCH_MATMUL
from emgdeploy.graph.operators.recurrent import UNIDIRECTIONAL_SEQUENCE_LSTM
from emgdeploy.graph.operators.shapes import REDUCE_PROD, SHAPE
from emgdeploy.graph.operators.slices import SLICE, SPLIT, SPLIT_V, UNPACK
from emgdeploy.graph.operators.weighted import TRANSPOSE_CONV
from emgdeploy.graph.passes import simplify
from emgdeploy.graph.types import Operator
from support.machines.native_model import SANITIZE
from support.machines.proof import prove
from support.random_models.random_graphs import random_graph

SEEDS = range(200)
# What the reader makes something else of.
FOLDED = {
    BATCH_TO_SPACE_ND, REDUCE_PROD, SHAPE, SLICE,
    SPACE_TO_BATCH_ND, SPLIT, SPLIT_V, UNPACK,
}  # fmt: skip
INT8_ALONE = {
    ABS, BATCH_MATMUL, EXP, GELU, HARD_SWISH, RELU_0_TO_1, RELU_N1_TO_1, TRANSPOSE_CONV,
    UNIDIRECTIONAL_SEQUENCE_LSTM, WHILE,
}  # fmt: skip
QUICK = (*SANITIZE, "-O0")


def settings(seed: int) -> dict[str, Any]:
    """Code generation options that take turns over the seeds."""
    return {"isa": ("portable", "dsp", "mve")[seed % 3], "keep_float_io": seed % 4 == 0}


@pytest.mark.parametrize("seed", SEEDS)
def test_random_graph_equals_the_reference_in_every_tensor(seed: int, tmp_path: Path) -> None:
    proof = prove(random_graph(seed), tmp_path, flags=QUICK, **settings(seed))
    assert proof.windows == 8


def test_the_graphs_reach_every_operator_in_both_types_and_every_pass() -> None:
    graphs = [read_tflite(random_graph(seed)) for seed in SEEDS]
    reached = {(op.kind, str(g.out(op).dtype)) for g in graphs for op in g.ops}
    known = {
        kind for kind in operators().values() if not kind.tabled and kind not in (LOOKUP, FLOAT_ROWS)
    }  # see test_tables and test_float_rows
    assert known - {REDUCE_PROD} <= {kind for g in graphs for kind in g.file_ops}
    quantized = known - FOLDED - {DEQUANTIZE}
    wanted = {(kind, dtype) for kind in quantized for dtype in ("int8", "int16")}
    assert wanted - {(kind, "int16") for kind in INT8_ALONE} <= reached
    assert (DEQUANTIZE, "float32") in reached
    left = [simplify(g) for g in graphs]
    before, after = _count(graphs), _count(left)
    assert after[TRANSPOSE] < before[TRANSPOSE] * 0.8
    assert after[PAD] < before[PAD] * 0.8
    assert after[RELU] < before[RELU]
    assert sum(bool(op.chain) for g in left for op in g.ops) > 10
    assert sum(bool(t.origin and t.origin.axes) for g in left for op in g.ops for t in (g.out(op),)) > 10


def _count(graphs: list[Graph]) -> Counter[Operator]:
    return Counter(op.kind for g in graphs for op in g.ops)
