"""Loops over the steps of a series: WHILE, where it hands one state from step to step.

Source: kernels/while.cc of google-ai-edge/LiteRT.
"""

from __future__ import annotations

from typing import Any

from emgdeploy.graph.operators.options import Attributes, Given, table_of
from emgdeploy.graph.operators.rules import INT8, BrokenRule, activations, need, same_quantization
from emgdeploy.graph.types import Graph, Op, Operator, Tensor


def check_while(graph: Graph, op: Op) -> None:
    if op.loop is None:
        raise BrokenRule("is a loop that was not understood")
    body, out = op.loop.body, graph.out(op)
    state, result = body.tensors[body.inputs[-1]], body.tensors[body.outputs[0]]
    need(len(body.inputs) == len(op.inputs) + 1, "hands other tensors to its body than that reads")
    for index, row in zip(op.inputs, body.inputs, strict=False):
        _check_rows(graph.tensors[index], body.tensors[row], op.loop.steps)
    _check_rows(out, result, op.loop.steps)
    for tensor in (state, op.loop.start):
        need(tensor.shape == result.shape, f"turns a state of shape {tensor.shape} into {result.shape}")
        activations(tensor, result)
        same_quantization(tensor, result)


def _check_rows(series: Tensor, row: Tensor, steps: int) -> None:
    """One row of the series for each step."""
    activations(series, row)
    need(series.dtype == INT8, f"carries {series.dtype} from step to step; int8 is needed")
    rows = series.shape[0] if series.shape else 0
    need(rows == steps, f"runs {steps} times over {rows} rows")
    need(
        series.elements == steps * row.elements, f"takes rows of shape {row.shape} from shape {series.shape}"
    )
    same_quantization(series, row)


def _while(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "WhileOptions", where)
    return {"subgraphs": (int(table.CondSubgraphIndex()), int(table.BodySubgraphIndex()))}


WHILE = Operator("WHILE", check_while, attributes=_while, several_outputs=True, trained=True)
