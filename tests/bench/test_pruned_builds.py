"""A build that leaves channels out: benched as any other; tests/bench/test_first_layer.py looks at its layers."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.devices.bench_items import Builds, random_work, run_native
from support.models.sparse_net import SparseNet

# Of 5 x 4 pixels: two of three channels from two, nine taps of each, two from those.
_MACS = 20 * (2 * 2 + 2 * 9 + 2 * 2)


@pytest.fixture(scope="module")
def pruned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pruned")
    model = folder / "sparse.tflite"
    model.write_bytes(SparseNet(bias=0).tflite())
    return Builds(folder).build("out", "native", model)


def test_the_build_reports_what_it_computes_and_is_right(pruned: Path) -> None:
    manifest, work = random_work(pruned, 12)
    assert manifest.macs == sum(layer.macs for layer in manifest.layers) == _MACS
    assert [layer.out_bytes for layer in manifest.layers] == [40, 40, 40]
    result, _ = run_native(pruned, manifest, work)
    assert result.verdict["correct_bits"] == 12 and result.problem is None
