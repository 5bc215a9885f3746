"""How many electrodes are enough, on recordings of which it is known which electrodes tell anything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emgdeploy.signals.choice import DataChoice
from emgdeploy.sweep import electrode_section, electrodes
from emgdeploy.sweep.folds import Material
from support.inputs.toy_dataset import toy_dataset


@pytest.fixture(scope="module")
def material() -> Material:
    """Recordings of which two electrodes alone hear the muscles, and all others noise."""
    dataset, rng = toy_dataset(trials=6), np.random.default_rng(5)
    recordings = []
    for recording in dataset.recordings:
        samples = rng.normal(0, 0.02, recording.samples.shape).astype(np.float32)
        for place, scale in ((1, 1.0), (4, 0.7)):
            samples[:, place] += (
                scale
                * (1 + recording.labels * (1 if place == 1 else 2))
                * rng.normal(0, 0.1, len(samples)).astype(np.float32)
            )
        recordings.append(replace(recording, samples=samples))
    return Material.of(DataChoice("own:read"), replace(dataset, recordings=tuple(recordings)), "2")


def test_the_telling_electrodes_come_first(material: Material) -> None:
    found = electrodes.curve(material)
    sets = {len(chosen.places): chosen for chosen in found.found}
    assert set(sets[2].places) == {1, 4} and len(found.enough.places) <= 2
    assert found.found[-1].places == tuple(range(len(found.electrodes)))
    assert all(0 <= chosen.folds <= 1 and 0 <= chosen.unseen <= 1 for chosen in found.found)


def test_the_unseen_trials_decide_nothing(material: Material) -> None:
    """Whatever stands in the test trials, the same electrodes are chosen in the same order."""
    tested = set(material.outer.test)
    turned = tuple(
        replace(one, samples=np.roll(one.samples, 1, axis=1)) if index in tested else one
        for index, one in enumerate(material.dataset.recordings)
    )
    other = replace(material, dataset=replace(material.dataset, recordings=turned))
    one, two = electrodes.curve(material), electrodes.curve(other)
    assert [(c.places, c.folds) for c in one.found] == [(c.places, c.folds) for c in two.found]
    assert [c.unseen for c in one.found] != [c.unseen for c in two.found]


def test_the_page_shows_the_curve_and_the_places(material: Material) -> None:
    found = electrodes.curve(material).to_dict()
    shown = electrode_section.section(found)
    assert f"{found['enough']} of 6 electrodes" in str(shown.blocks[0])
    marks = [
        cell.mark
        for block in shown.blocks
        for map_ in getattr(block, "maps", ())
        for row in map_.rows
        for cell in row
    ]
    assert marks.count("1") == marks.count("2") + (1 if found["enough"] == 1 else 0) > 0
