"""Guided recording: what is asked is what is kept, in a data set that training reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import datasets, images
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.guided.conduct import Conductor, Pace
from emgdeploy.signals.guided.folder import Array, Folder
from emgdeploy.signals.guided.plan import Trial, plan
from emgdeploy.signals.simulated import Simulation
from emgdeploy.signals.sources.simulator import SimulatorFeed
from emgdeploy.signals.sources.source import Piece
from support.devices.fakes import FakeTime

GESTURES = ("no movement", "hand close", "hand open")
ARRAY = Array(1000.0, (2, 4), tuple(range(8)), "mV")
PACE = Pace(0.5, 0.2, 0.1, 1.0)


class Arm:
    """The simulated arm as a source, without a thread; what it gives can be spoilt. lose: trials (from 0) whose
    samples are lost."""

    skipped = lost = 0

    def __init__(self, lose: Iterable[int] = (), seed: int = 1) -> None:
        self._time, self._lose = FakeTime(), set(lose)
        self.feed = SimulatorFeed(Simulation(1, 1, 1, 1.0, (2, 4), 1000.0, seed), self._time.clock)
        self.asked: list[str] = []

    def ask(self, gesture: str) -> None:
        self.asked.append(gesture)
        self.feed.asked(gesture)

    def take(self, at_least: int) -> Piece | None:
        if not at_least:
            return Piece(np.zeros((0, 8), np.float32), np.zeros(0))
        chunk = self.feed.read()
        assert chunk is not None and chunk.due is not None
        spoilt = (len(self.asked) - 1) // 2 in self._lose and len(self.asked) % 2 == 0
        return Piece(np.where(spoilt, np.nan, chunk.values).astype(np.float32), chunk.due)

    def notes(self) -> list[str]:
        return []

    def close(self) -> None:
        self.feed.close()


class Screen:
    """Remembers; says what is to be said at the hold of that number (from 1)."""

    def __init__(self, say: dict[int, list[str]] | None = None) -> None:
        self.shown: list[str] = []
        self._say, self._now, self._holds = say or {}, list[str](), 0

    def check(self, seconds: float) -> None:
        self.shown.append("check")

    def rest(self, following: Trial, seconds: float) -> None:
        self.shown.append("rest")

    def hold(self, trial: Trial, number: int, of: int, seconds: float) -> None:
        self._holds += 1
        self._now += self._say.get(self._holds, [])
        self.shown.append(f"hold {trial}")

    def kept(self, trial: Trial, amplitude: float) -> None:
        assert 0 < amplitude < 1
        self.shown.append(f"kept {trial}")

    def again(self, trial: Trial, why: str) -> None:
        self.shown.append(f"again {trial}: {why}")

    def paused(self) -> None:
        self.shown.append("paused")

    def said(self) -> str:
        return self._now.pop(0) if self._now else ""


def conductor(path: Path, arm: Arm, screen: Screen, session: int = 1) -> Conductor:
    folder = Folder(path, ARRAY, GESTURES, 1, session)
    return Conductor(arm, ARRAY, folder, PACE, screen, arm.ask, GESTURES[0])


def test_what_is_asked_is_a_data_set(tmp_path: Path) -> None:
    trials = plan(GESTURES, 2, ("arm down", "arm/up"), seed=4)
    for session in (1, 2):
        arm, screen = Arm(seed=session), Screen()
        made = conductor(tmp_path / "set", arm, screen, session)
        assert not made.check().fails and screen.shown == ["check"]
        assert made.follow(trials) == len(trials) == 12
        assert arm.asked[1::2] == [trial.gesture for trial in trials] and set(arm.asked[::2]) == {GESTURES[0]}
    dataset = DataChoice("files").load(tmp_path / "set")
    assert (dataset.labels, dataset.grid, dataset.sample_rate_hz) == (GESTURES, (2, 4), 1000.0)
    assert Counter(one.session for one in dataset.recordings) == {1: 12, 2: 12}
    amplitude = np.zeros(3)
    for recording in dataset.recordings:
        assert recording.samples.shape == (400, 8) and len(set(recording.labels.tolist())) == 1
        amplitude[recording.labels[0]] += np.abs(np.diff(recording.samples, axis=0)).mean()
    assert amplitude[0] < amplitude[1:].min()
    repetitions = {(one.session, int(one.labels[0]), one.repetition) for one in dataset.recordings}
    assert len(repetitions) == 24
    assert len({recording.samples.tobytes() for recording in dataset.recordings}) == 24
    assert not images.without_windows(dataset.recordings, datasets.default_preprocess(dataset))


def test_a_trial_is_done_again_when_samples_are_lost_or_the_person_says_so(tmp_path: Path) -> None:
    trials = plan(GESTURES, 1, seed=1)
    screen = Screen({3: ["redo"], 5: ["", "pause", "", "pause"]})
    assert conductor(tmp_path / "a", Arm(lose=[0]), screen).follow(trials) == 3
    holds = [one for one in screen.shown if one.startswith(("hold", "again", "kept", "paused"))]
    first, second, third = map(str, trials)
    assert holds == [
        f"hold {first}",
        f"again {first}: 100% of its samples are lost or bad",
        *(f"hold {first}", f"kept {first}", f"hold {second}", f"again {first}: as you say"),
        *(f"hold {first}", f"kept {first}", f"hold {second}", "paused", f"kept {second}"),
        *(f"hold {third}", f"kept {third}"),
    ]
    assert len(DataChoice("files").load(tmp_path / "a").recordings) == 3


def test_what_ends_early_is_a_data_set_as_well(tmp_path: Path) -> None:
    trials = plan(GESTURES, 3)
    assert conductor(tmp_path / "a", Arm(), Screen({3: ["stop"]})).follow(trials) == 2
    assert len(DataChoice("files").load(tmp_path / "a").recordings) == 2
    with pytest.raises(InputError, match="100% of its samples are lost or bad, in each of 3 tries"):
        conductor(tmp_path / "b", Arm(lose=[1, 2, 3]), Screen()).follow(trials)
    assert len(DataChoice("files").load(tmp_path / "b").recordings) == 1
    ended = Arm()
    ended.take = lambda at_least: None  # type: ignore[method-assign]
    with pytest.raises(InputError, match="the source has ended"):
        conductor(tmp_path / "c", ended, Screen()).follow(trials)


def test_sessions_are_not_mixed_up(tmp_path: Path) -> None:
    conductor(tmp_path / "a", Arm(), Screen()).follow(plan(GESTURES, 1))
    with pytest.raises(UsageError, match="has session 1 of subject 1 already"):
        Folder(tmp_path / "a", ARRAY, GESTURES, 1, 1)
    with pytest.raises(InputError, match="labels is"):
        Folder(tmp_path / "a", ARRAY, GESTURES[:2], 1, 2)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/thesis.tex").touch()
    with pytest.raises(UsageError, match="holds other files"):
        Folder(tmp_path / "b", ARRAY, GESTURES, 1, 1)


NAMES = st.lists(st.text(min_size=1, max_size=8).filter(str.strip), min_size=1, max_size=4, unique=True)


@given(NAMES, st.integers(1, 3), NAMES, NAMES)
def test_a_plan_asks_for_everything_equally_often(
    gestures: list[str], repetitions: int, positions: list[str], forces: list[str]
) -> None:
    trials = plan(gestures, repetitions, positions, forces)
    asked = Counter((one.gesture, one.position, one.force) for one in trials)
    assert len(asked) == len(gestures) * len(positions) * len(forces)
    assert set(asked.values()) == {repetitions}
    numbers = {(one.gesture, one.repetition) for one in trials}
    assert len(numbers) == len(trials)
    assert [one.position for one in trials] == sorted((one.position for one in trials), key=positions.index)


@given(st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and text.isprintable()))
def test_any_name_of_a_gesture_is_kept(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    path = tmp_path_factory.mktemp("name") / "set"
    folder = Folder(path, ARRAY, (name, "rest "), 1, 1)
    folder.keep(Trial(name, 1), np.ones((300, 8), np.float32))
    (found,) = DataChoice("files").load(path).recordings
    assert found.labels[0] == 0 and found.samples.shape == (300, 8)
