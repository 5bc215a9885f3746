"""One pass at a time: the code generator with a pass of choice instead of all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emgdeploy.graph import Graph, read_tflite
from emgdeploy.graph.types import Operator
from support.machines.proof import prove

Rewrite = Callable[[Graph], Graph]


def kinds(graph: Graph) -> list[str]:
    """The operators' names in order."""
    return [op.kind.name for op in graph.ops]


def count(graph: Graph, kind: Operator) -> int:
    return sum(op.kind is kind for op in graph.ops)


def proven(tflite: bytes, rewrite: Rewrite, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Graph:
    """The rewritten graph, after proof that code generated from it, by this pass alone, keeps every bit."""
    generate = sys.modules["emgdeploy.codegen.generate"]
    monkeypatch.setattr(generate, "simplify", lambda graph, keep_float_io: rewrite(graph))
    prove(tflite, folder)
    return rewrite(read_tflite(tflite))
