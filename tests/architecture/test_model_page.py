"""Each row of docs/bring-your-model.md names a test, and that test is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_way_to_bring_a_model_is_proven() -> None:
    rows = [
        line for line in (ROOT / "docs/bring-your-model.md").read_text().splitlines() if line.startswith("| ")
    ]
    proofs = [re.search(r"`(test_\w+)` \|$", row) for row in rows[1:]]
    assert len(proofs) > 10
    assert all(proofs), [row for row, proof in zip(rows[1:], proofs, strict=True) if proof is None]
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert not [proof[1] for proof in proofs if proof and f"def {proof[1]}(" not in tests]
