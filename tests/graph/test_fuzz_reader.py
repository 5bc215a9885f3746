"""Damaged files: an input error in a sentence, or a model that is right on every bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from emgdeploy.graph.structure import check_structure
from support.inputs.fuzzing import accepts, fuzz, prove_apart
from support.inputs.mutations import LARGEST_SEED, Mutator, seeds


def test_seeds_are_small_and_whole() -> None:
    found = seeds()
    assert len(found) > 50
    for name, data in found.items():
        assert len(data) < LARGEST_SEED, name
        assert accepts(data), name


@pytest.mark.parametrize("piece", range(5))
def test_ten_thousand_mutations(piece: int, tmp_path: Path) -> None:
    outcome = fuzz(piece, 2000, keep_every=10)
    assert outcome.refused > 100 and outcome.accepted > 30, str(outcome)
    files = []
    for i, data in enumerate(outcome.survivors[:2]):
        files.append(tmp_path / f"{i}.tflite")
        files[-1].write_bytes(data)
    assert files
    assert len(prove_apart(files)) == len(files)


def test_half_of_the_mutations_leave_the_constants_alone() -> None:
    data = seeds()["dense int8"]
    mutator = Mutator(data, np.random.default_rng(0))
    assert mutator.structure.size * 4 < len(data)
    places = [mutator._place() for _ in range(2000)]
    assert 0.5 < np.mean(np.isin(places, mutator.structure)) < 0.8


@pytest.mark.parametrize("length", [0, 3, 8, 15, 16, 40, 100])
def test_a_file_cut_short_is_refused(length: int) -> None:
    data = seeds()["conv int8"]
    with pytest.raises(InputError):
        read_tflite(data[:length])


def test_every_byte_flipped_once_never_surprises() -> None:
    data = seeds()["pointwise int8"]
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0xFF
        accepts(bytes(changed))


def test_the_place_of_the_damage_is_named() -> None:
    data = bytearray(seeds()["conv int8"])
    data[0:4] = (2**31 - 1).to_bytes(4, "little")
    with pytest.raises(InputError, match=r"root at byte 0 is out of place"):
        check_structure(bytes(data), "some.tflite")
