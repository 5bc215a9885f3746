"""Generated C against the reference on random networks: every tensor, every bit."""

from pathlib import Path

import pytest

from support.proof import prove
from support.random_graphs import random_graph


@pytest.mark.parametrize("seed", range(40))
def test_random_graph_equals_the_reference_in_every_tensor(seed: int, tmp_path: Path) -> None:
    proof = prove(random_graph(seed), tmp_path)
    assert proof.windows == 8
