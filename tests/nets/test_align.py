"""Placements: a value that can be said and taken back, found from windows alone, and left alone where nothing is sure."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emgdeploy.cli import entry
from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets import align, experiment, placing, results
from emgdeploy.nets.augment import Turns
from emgdeploy.nets.levels import Levels
from emgdeploy.nets.train import TrainSettings
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.images import labelled_windows
from emgdeploy.signals.placement import NONE, Placement, Turn, arrays
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Dataset, Recording

GRID = (8, 4)
HOW = Preprocess(1000.0, GRID, tuple(range(32)), 20.0, 10.0, log_epsilon=1e-3)
CLASSES = 3
TURNS = st.builds(Turn, st.integers(0, 7), st.integers(0, 3), st.booleans(), st.booleans())


def recorded(seed: int, seconds: float = 2.0) -> Recording:
    """Gestures whose pattern over the array has no symmetry."""
    draw = np.random.default_rng(seed)
    strength = 0.1 + np.random.default_rng(5).gamma(1.0, 1.0, (CLASSES, 32))
    labels = np.repeat(np.arange(CLASSES), round(1000 * seconds / CLASSES))
    samples = strength[labels] * draw.normal(size=(len(labels), 32)) * np.exp(0.3 * draw.normal())
    return Recording(samples.astype(np.float32), labels, 1, seed, seed)


def of(*recordings: Recording) -> Dataset:
    return Dataset("made", recordings, ("a", "b", "c"), 1000.0, GRID, tuple(range(32)))


def learned(how: Preprocess = HOW, array: tuple[int, int] | None = None) -> Levels:
    first = recorded(1)
    images = labelled_windows([first], how)
    return Levels.of(images.features, images.y, CLASSES, how, array)


KNOWN = learned()


def undone(turn: Turn, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Electrodes rearranged so that `turn` brings them back."""
    return np.argsort(turn.places(shape).ravel())


@given(st.lists(TURNS, min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_a_placement_is_what_its_text_says(turns: list[Turn]) -> None:
    placement = Placement(tuple(turns))
    again = Placement.parse(str(placement))
    grid = (GRID[0], GRID[1] * len(turns))
    assert again.places(grid, GRID).tolist() == placement.places(grid, GRID).tolist()
    assert sorted(again.places(grid, GRID).tolist()) == list(range(grid[0] * grid[1]))
    for number, members in enumerate(arrays(grid, GRID)):
        assert set(again.places(grid, GRID)[members.ravel()]) == set(members.ravel()), number


def test_rows_roll_downwards_and_mirrors_come_first() -> None:
    assert Turn(rows=1).places((3, 1)).ravel().tolist() == [2, 0, 1]
    assert Turn(rows=1, mirror_rows=True).places((3, 1)).ravel().tolist() == [0, 2, 1]
    assert Placement.parse("order=2,0,1").of(Preprocess(100.0, (1, 3), (7, 8, -1), 20.0, 10.0)).electrodes == (
        -1, 7, 8,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "rows", "rows=x", "turns=1", "mirror=up", "order=1,x", "rows=1,", "1", "rows=999999999"]
)
def test_what_is_no_placement_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no placement"):
        Placement.parse(text)


@pytest.mark.parametrize(
    ("text", "array"), [("order=0,0", (1, 2)), ("rows=1/rows=2/rows=3", (1, 2)), ("none", (1, 3))]
)
def test_placements_that_do_not_fit_the_arrays_are_refused(text: str, array: tuple[int, int]) -> None:
    with pytest.raises(InputError):
        Placement.parse(text).places((2, 2), array)


@given(TURNS, st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_roll_and_mirror_is_found_and_put_right(turn: Turn, labelled: bool) -> None:
    other = recorded(2)
    turned = replace(other, samples=other.samples[:, undone(turn, GRID)])
    found = placing.find(KNOWN, [turned], HOW, labelled)[1, 2]
    back = placing.put_right(of(turned), HOW, None, {(1, 2): found.placement})
    assert np.array_equal(back.recordings[0].samples, other.samples)
    assert np.array_equal(found.placement.of(HOW).features(turned.samples), HOW.features(other.samples))
    assert found.arrays[0].confidence > 0.9


@pytest.mark.parametrize("seed", range(3, 8))
def test_an_array_that_lies_as_in_training_is_left_alone(seed: int) -> None:
    assert placing.find(KNOWN, [recorded(seed)], HOW)[1, seed].placement.is_none


def test_noise_moves_nothing() -> None:
    """Windows that say nothing of the array are likelier somewhere, but nowhere clearly."""
    draw = np.random.default_rng(1)
    noise = replace(recorded(2), samples=draw.normal(size=(2000, 32)).astype(np.float32))
    assert placing.find(KNOWN, [noise], HOW)[1, 2].placement.is_none


def test_several_arrays_turn_by_themselves() -> None:
    how = replace(HOW, image="stacked", frames=20, log_epsilon=None, layout="raster")
    known, other = learned(how, (8, 2)), recorded(2)
    wanted = Placement((Turn(rows=3), Turn(mirror_rows=True)))
    turned = replace(other, samples=other.samples[:, np.argsort(wanted.places(GRID, (8, 2)))])
    assert placing.find(known, [turned], how)[1, 2].placement == wanted


def test_places_without_an_electrode_stay_without() -> None:
    how = replace(HOW, electrodes=(-1, *range(1, 32)))
    known, turned = learned(how), recorded(2)
    assert placing.find(known, [turned], how)[1, 2].placement.is_none
    moved = placing.put_right(of(turned), how, None, {(1, 2): Placement((Turn(rows=1),))}).recordings[0]
    assert not moved.samples[:, 4].any() and np.array_equal(moved.samples[:, 8], turned.samples[:, 4])


def test_sessions_without_a_placement_are_not_copied() -> None:
    one = of(recorded(1))
    assert placing.put_right(one, HOW, None, {(1, 1): NONE}).recordings[0] is one.recordings[0]


@pytest.mark.parametrize("layout", ["channels", "raster", "column"])
@pytest.mark.parametrize("normalise", ["global", "electrode"])
def test_windows_rolled_while_training_are_those_of_a_rolled_array(layout: str, normalise: str) -> None:
    how = replace(HOW, frames=2, layout=layout, normalise=normalise)
    samples = recorded(1).samples
    how = how.fit(how.features(samples))
    turns = Turns.of(how, GRID, (1, 0))
    assert len(turns.sources) == 3
    windows = torch.from_numpy(how.apply(samples)[:40])
    made = turns(windows, torch.Generator().manual_seed(1)).numpy()
    rolled = [Placement((Turn(rows=by),)).of(how).apply(samples)[:40] for by in (0, 1, -1)]
    seen = [
        [np.allclose(window, r[i], atol=1e-5) for r in rolled].index(True) for i, window in enumerate(made)
    ]
    assert set(seen) == {0, 1, 2}


@pytest.mark.parametrize(
    "change",
    [
        {"grid": [4, 4]}, {"array": [3, 3]}, {"means": [[0.0]]}, {"covariance": np.full((32, 32), np.nan).tolist()},
        {"floor": 0}, {"shares": []}, {"covariance": (-np.eye(32)).tolist()}, {"spread": "wide"}, {"floor": None},
    ],
)  # fmt: skip
def test_damaged_notes_of_a_checkpoint_know_nothing(change: dict[str, Any]) -> None:
    assert Levels.from_dict(KNOWN.to_dict(), HOW) is not None
    assert Levels.from_dict({**copy.deepcopy(KNOWN.to_dict()), **change}, HOW) is None
    assert Levels.from_dict(None, HOW) is None and Levels.from_dict(KNOWN.to_dict(), None) is None


def test_the_kept_gaussians_find_the_same() -> None:
    kept = Levels.from_dict(KNOWN.to_dict(), HOW)
    assert kept is not None
    levels = KNOWN.levels(HOW.features(recorded(2).samples), HOW)
    assert align.estimate(kept, levels).to_dict() == align.estimate(KNOWN, levels).to_dict()


def reading(folder: Path | None) -> Dataset:
    """A reader of one's own: two sessions, the array rolled upwards by as many rows as the folder's name says."""
    rows = int(folder.name) if folder else 0
    shown = undone(Turn(rows=rows), GRID)
    made = [recorded(seed) for seed in (1, 2, 3, 4)]
    return of(
        *(
            replace(r, samples=r.samples[:, shown], session=1 + i // 2, part=("train", "test")[i % 2])
            for i, r in enumerate(made)
        )
    )


def test_turned_sessions_are_warned_of_and_put_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choice = DataChoice("toy")
    task = experiment.prepare(choice, reading(None), HOW)
    results.save(experiment.run(task, experiment.Model("lda", 1.0), TrainSettings()), tmp_path)
    options = ["--checkpoint", f"{tmp_path}/checkpoint.pt", "--dataset", f"{__name__}:reading", "--data", "3"]
    reached: dict[str, Any] = {}
    for placement in ("none", "auto", "rows=3"):
        assert entry.run(["eval", *options, "--placement", placement, "--json"]) == 0
        text = capsys.readouterr()
        reached[placement] = json.loads(text.out)
        assert ("seems to lie otherwise" in text.err) == (placement == "none")
    assert reached["none"]["accuracy"] < 0.9 < reached["rows=3"]["accuracy"]
    assert reached["auto"]["confusion"] == reached["rows=3"]["confusion"]
    assert [row["placement"] for row in reached["auto"]["placement"]] == ["rows=3", "rows=3"]
    assert [row["session"] for row in reached["auto"]["by_session"]] == [1, 2]
    assert entry.run(["align", *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["moved"] and [row["placement"] for row in found["sessions"]] == ["rows=3", "rows=3"]
