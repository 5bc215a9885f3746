"""The search: the same study whatever the workers do, nothing finished is lost, the front is what none beats."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.recordings import Dataset, Recording
from emgdeploy.sweep import answer
from emgdeploy.sweep.candidate import ALL, EVEN_COLUMNS, EVEN_ROWS, Candidate
from emgdeploy.sweep.cost import Cost, Limits
from emgdeploy.sweep.folds import Material
from emgdeploy.sweep.search import Search
from emgdeploy.sweep.space import Space
from emgdeploy.sweep.trials import FINISHED, NOT_TRAINED, Book, Trial

SPACE = Space.usual((16, 4))


class Killed(Exception):
    """Stands for a driver that ends at once."""


def judged(candidate: Candidate, generation: int) -> Trial:
    """A made-up landscape: nothing is trained."""
    cycles = int(1000 * candidate.width * (10 if "mobile" in candidate.network else 1))
    accuracy = 0.9 + 0.01 * (candidate.seed % 10)
    return Trial(candidate, Cost(cycles=cycles), FINISHED, generation, accuracy=accuracy, spread=0.0, lda=0.9)


class Workers:
    """Ends its driver after `left` trials; reverse: gives the trials of a generation in the other order."""

    def __init__(self, left: int = 1000, reverse: bool = False) -> None:
        self.left, self.reverse, self.trained = left, reverse, 0

    def __call__(self, candidates: list[Candidate], generation: int) -> Iterator[Trial]:
        for candidate in reversed(candidates) if self.reverse else candidates:
            if self.trained == self.left:
                raise Killed
            self.trained += 1
            yield judged(candidate, generation)


def run(folder: Path, workers: Workers, count: int = 16) -> list[str]:
    list(Search(folder, SPACE).run(count, workers, lambda: True))
    return [trial.candidate.key for trial in Book(folder / "trials").all()]


def test_any_order_of_workers_tries_the_same_candidates(tmp_path: Path) -> None:
    assert run(tmp_path / "a", Workers()) == run(tmp_path / "b", Workers(reverse=True))


@pytest.mark.parametrize("left", [1, 5, 9])
def test_a_killed_driver_goes_on(tmp_path: Path, left: int) -> None:
    with pytest.raises(Killed):
        run(tmp_path, Workers(left))
    before = {trial.candidate.key for trial in Book(tmp_path / "trials").all()}
    assert len(before) == left
    after = run(tmp_path, Workers())
    assert before <= set(after)


def test_the_first_generation_is_each_family_as_it_is_given(tmp_path: Path) -> None:
    run(tmp_path, Workers(), 4)
    tried = {trial.candidate.network for trial in Book(tmp_path / "trials").all()}
    assert tried == set(SPACE.networks)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=12))
def test_no_candidate_beats_one_of_the_front(points: list[tuple[int, int]]) -> None:
    trials = [
        Trial(Candidate("mlp", 1 + n), Cost(cycles=cycles), FINISHED, accuracy=right / 5)
        for n, (right, cycles) in enumerate(points)
    ]
    best = answer.front(trials)
    reached = {(trial.accuracy, trial.cost.cycles) for trial in best}
    assert len(reached) == len(best) > 0
    for one, other in itertools.product(trials, best):
        better = (one.accuracy or 0) >= (other.accuracy or 0) and one.cost.cycles <= other.cost.cycles  # type: ignore[operator]
        assert not better or (one.accuracy, one.cost.cycles) == (other.accuracy, other.cost.cycles)


def test_what_is_too_slow_says_so() -> None:
    cost = Cost(cycles=100, latency_ms=3.0, ram_bytes=2000, flash_bytes=5000)
    assert cost.beyond(Limits(3.0, 2000, 5000)) is None
    assert cost.beyond(Limits(latency_ms=2.0)) == "it takes 3 ms, 2 are allowed"
    assert "bytes of RAM" in str(cost.beyond(Limits(ram_bytes=1999)))
    assert Cost(refused="no").beyond(Limits()) == "no"


def test_a_trial_comes_back_from_its_file(tmp_path: Path) -> None:
    book, trial = Book(tmp_path), judged(Candidate("gridnet", 2.0, electrodes=EVEN_ROWS), 3)
    book.keep(trial)
    assert book.find(trial.candidate) == trial and book.all() == [trial]
    skipped = Trial(Candidate("m5"), Cost(), NOT_TRAINED, why="too slow")
    book.keep(skipped)
    assert answer.front(book.all()) == [trial]


def test_halves_of_a_grid_keep_its_electrodes_in_place(tmp_path: Path) -> None:
    from emgdeploy.signals.preprocess import Preprocess

    base = Preprocess(1000, (4, 4), tuple(range(10, 26)), 100, 50)
    rows = Candidate("gridnet", electrodes=EVEN_ROWS).preprocess(base)
    columns = Candidate("gridnet", electrodes=EVEN_COLUMNS).preprocess(base)
    assert (rows.grid, rows.electrodes) == ((2, 4), (10, 11, 12, 13, 18, 19, 20, 21))
    assert (columns.grid, columns.electrodes) == ((4, 2), (10, 12, 14, 16, 18, 20, 22, 24))
    assert Candidate("gridnet", electrodes=ALL, log=False).preprocess(base).log_epsilon is None


@pytest.mark.parametrize("network", ["mlp", "bandnet-small", "m5"])
@pytest.mark.parametrize("window", [0.5, 1.0, 1.5, 2.0])
def test_a_ring_has_windows_of_every_length(network: str, window: float) -> None:
    """Samples as they are keep a column for each sample; classifiers of given features see amplitudes."""
    rng = np.random.default_rng(1)
    recordings = tuple(
        Recording(rng.normal(size=(400, 8)).astype(np.float32), np.full(400, n % 2, np.int64), 1, 1, n)
        for n in range(8)
    )
    dataset = Dataset("ninapro-db5", recordings, ("a", "b"), 200.0, (1, 8), tuple(range(8)))
    material = Material.of(DataChoice("own:read"), dataset, "2")
    made = Candidate(network, window=window).preprocess(material.base(network))
    assert (made.image, made.frames) == (("rms", 1) if network == "mlp" else ("stacked", made.window_samples))
    assert made.window_samples == window * (40 if network == "mlp" else 32)
