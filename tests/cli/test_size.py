"""`emgdeploy size`: its sums add up, and it tells what the passes removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands.command import Cli
from support.random_models.random_graphs import random_graph


@pytest.fixture(scope="module")
def build(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random network with float ends, two QUANTIZE and paddings."""
    folder = tmp_path_factory.mktemp("size")
    (folder / "model.tflite").write_bytes(random_graph(9, float_io=1.0))
    cli(
        "build", "--board", "native", "--model", folder / "model.tflite", "--out", folder / "build"
    ).succeeds()
    return folder / "build"


def test_the_graph_before_and_after_the_passes(build: Path, cli: Cli) -> None:
    done = cli("size", "--build", build, "--json")
    done.succeeds()
    found = json.loads(done.out)
    counts = {o["op"]: (o["in_file"], o["on_device"]) for o in found["operators"]}
    assert sum(device for _, device in counts.values()) == len(found["layers"])
    assert sum(file for file, _ in counts.values()) > len(found["layers"])
    # The float ends stay on the host.
    assert counts["QUANTIZE"][0] > counts["QUANTIZE"][1]
    assert counts["DEQUANTIZE"] == (1, 0)
    assert "graph before and after the passes" in done.err


def test_the_arena_stands_beside_both_bounds(build: Path, cli: Cli) -> None:
    found = json.loads(cli("size", "--build", build, "--json").out)
    bounds = found["arena_bound_bytes"]
    assert 0 < bounds["overlapped"] <= found["arena_bytes"]
    assert bounds["overlapped"] <= bounds["plain"]
    manifest = json.loads((build / "manifest.json").read_text())
    for key in ("arena_bytes", "arena_peak_layer"):
        assert found[key] == manifest[key]
    peak = found["layers"][found["arena_peak_layer"]]
    assert f"{peak['index']} {peak['op']}" in cli("size", "--build", build).out.split("full in layer")[1]
