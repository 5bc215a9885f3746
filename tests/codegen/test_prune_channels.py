"""Channels left out of the network: which ones, and that nothing else changes by a bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emgdeploy.codegen.dead_channels import prune_channels
from emgdeploy.graph import Graph, read_tflite
from emgdeploy.graph.operators.layout import CONCATENATION
from emgdeploy.graph.operators.pairs import ADD, MUL, PRELU
from emgdeploy.graph.operators.reduction import AVERAGE_POOL_2D, MAX_POOL_2D
from emgdeploy.graph.operators.weighted import CONV_2D, DEPTHWISE_CONV_2D
from emgdeploy.graph.passes import simplify
from emgdeploy.graph.types import Operator
from support.machines.native_model import SANITIZE
from support.machines.proof import prove
from support.machines.range_check import check_ranges, varied_windows
from support.models.published import TFLITE, tflite_of, windows
from support.models.sparse_net import SparseNet
from support.random_models.random_graphs import random_graph
from support.random_models.random_sparse import sparse_graph

SEEDS = range(60)
QUICK = (*SANITIZE, "-O0")


def channels(graph: Graph) -> list[int]:
    """The channels of every operator's output, in order."""
    return [graph.out(op).shape[-1] for op in graph.ops]


@pytest.mark.parametrize(
    ("net", "left"),
    [
        # Constant, but another value at the border, and read: nothing can absorb it.
        (SparseNet(), [3, 3, 2]),
        # The zero point, which is also what lies outside: the same everywhere.
        (SparseNet(bias=0), [2, 2, 2]),
        (SparseNet(same=False), [2, 2, 2]),
        # Whatever it is, nobody reads it.
        (SparseNet(read=False), [2, 2, 2]),
        (SparseNet(constant=False, read=False), [2, 2, 2]),
        (SparseNet(constant=False), [3, 3, 2]),
        # So far below 0 that the activation ends at the zero point for every input.
        (SparseNet(constant=False, bias=-900, activation="RELU"), [2, 2, 2]),
        (SparseNet(constant=False, bias=-900), [3, 3, 2]),
        # One of two readers needs it; both can absorb it.
        (SparseNet(read=False, two_readers=True), [3, 3, 2, 2, 4]),
        (SparseNet(bias=0, two_readers=True), [2, 2, 2, 2, 4]),
    ],
)
def test_a_channel_goes_where_every_reader_can_do_without(
    net: SparseNet, left: list[int], tmp_path: Path
) -> None:
    assert channels(prune_channels(simplify(read_tflite(net.tflite())))) == left
    proof = prove(net.tflite(), tmp_path)
    assert proof.distinct_outputs > 1
    assert [o.kept for o in proof.generated.origins[:2]] == [(0, 2) if left[0] == 2 else None] * 2


def test_every_channel_is_computed_where_that_is_asked_for(tmp_path: Path) -> None:
    tflite = SparseNet(read=False).tflite()
    whole = prove(tflite, tmp_path / "whole", every_channel=True).generated
    fewer = prove(tflite, tmp_path / "fewer").generated
    assert all(origin.kept is None for origin in whole.origins)
    assert (whole.macs, fewer.macs) == (20 * (3 * 2 + 3 * 9 + 2 * 3), 20 * (2 * 2 + 2 * 9 + 2 * 2))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_sparse_networks_equal_the_reference_in_every_channel_left(seed: int, tmp_path: Path) -> None:
    prove(sparse_graph(seed), tmp_path, flags=QUICK, isa=("portable", "dsp")[seed % 2])


def test_the_sparse_networks_lose_channels_of_every_kind() -> None:
    gone: dict[tuple[Operator, str], int] = {}
    for seed in SEEDS:
        graph = simplify(read_tflite(sparse_graph(seed)))
        for op, left in zip(graph.ops, channels(prune_channels(graph)), strict=True):
            key = op.kind, str(graph.out(op).dtype)
            gone[key] = gone.get(key, 0) + graph.out(op).shape[-1] - left
    for kind in (ADD, CONV_2D, DEPTHWISE_CONV_2D):
        assert gone[kind, "int8"] > 20 and gone[kind, "int16"] > 5, kind
    for kind in (AVERAGE_POOL_2D, CONCATENATION, MAX_POOL_2D, MUL, PRELU):
        assert gone[kind, "int8"] > 0, kind


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), sparse=st.booleans())
@example(seed=194997, sparse=True)  # 16-bit outputs that wrap around before they are clamped
def test_the_reference_stays_within_the_ranges(seed: int, sparse: bool) -> None:
    tflite = sparse_graph(seed) if sparse else random_graph(seed)
    check_ranges(tflite, varied_windows(tflite, seed))


@pytest.mark.parametrize(
    ("name", "known"), [("ad", 0), ("ic", 0), ("kws", 0), ("vww", 2183), ("emg-16x8", 62)]
)
def test_known_channels_of_published_networks(name: str, known: int, shared: Path, tmp_path: Path) -> None:
    tflite = tflite_of(name, shared, tmp_path)
    assert check_ranges(tflite, windows(tflite, 1)) == known


def test_half_of_the_visual_wake_words_network_goes(shared: Path) -> None:
    graph = simplify(read_tflite((shared / TFLITE["vww"]).read_bytes()))
    convolutions = [op for op in graph.ops if op.kind is CONV_2D]
    silent = sum(
        int((~np.asarray(graph.tensors[op.inputs[1]].data).any(axis=(1, 2, 3))).sum()) for op in convolutions
    )
    pruned = prune_channels(graph)
    removed = sum(graph.out(op).shape[3] - pruned.out(op).shape[3] for op in convolutions)
    assert silent == 971
    assert removed >= silent
    rounded = prune_channels(graph, 4)
    assert all(n % 4 == 0 for n, op in zip(channels(rounded), rounded.ops, strict=True) if op.window)


def test_networks_without_such_channels_stay_as_they_are(shared: Path) -> None:
    for name in ("ad", "ic", "kws"):
        graph = simplify(read_tflite((shared / TFLITE[name]).read_bytes()))
        assert prune_channels(graph, 4) is graph
