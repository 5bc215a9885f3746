"""Mutants of each kind of file end in a sentence or are read; a hundred thousand of each are a long target."""

from __future__ import annotations

import pytest

from support.inputs.hostile_files import KINDS, fuzz


@pytest.mark.parametrize("kind", KINDS)
def test_mutants(kind: str) -> None:
    found = fuzz(kind, 1_000_000, 1000)
    assert found.startswith("1000 mutants") and " 0 refused" not in found, found
