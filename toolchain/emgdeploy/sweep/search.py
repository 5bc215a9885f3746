"""Which candidates to try next: Optuna proposes them by generations.

A generation is proposed from the results of earlier ones alone, and its order is fixed. So the same study on one
worker and on many tries the same candidates and finds the same values.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy import optional
from emgdeploy.errors import InputError
from emgdeploy.sweep.candidate import Candidate
from emgdeploy.sweep.space import Space, params_of
from emgdeploy.sweep.trials import FINISHED, Book, Trial

if TYPE_CHECKING:
    import optuna

GENERATION = 4
_NAME = "emgdeploy"

Evaluate = Callable[[list[Candidate], int], Iterable[Trial]]


class Search:
    """A study in a folder: `journal.log` is Optuna's, `trials/` ours; another storage is given by its address.

    storage: a database's address as SQLAlchemy takes it, None for the journal file.
    """

    def __init__(self, folder: Path, space: Space, seed: int = 1, storage: str | None = None) -> None:
        self._optuna: Any = optional.load("optuna", extra="sweep")
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        self._space = space
        self._seed = seed
        self.book = Book(folder / "trials")
        warnings.filterwarnings("ignore", category=self._optuna.exceptions.ExperimentalWarning)
        self._storage = storage or self._journal(folder / "journal.log")

    def _journal(self, path: Path) -> object:
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

        path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))

    def run(self, count: int, evaluate: Evaluate, goes_on: Callable[[], bool]) -> Iterator[Trial]:
        """Try `count` candidates in all, yielding each as soon as it is known; those of an earlier run count.

        evaluate: yields the trials of a generation's candidates in any order. goes_on: asked before each generation.
        """
        study = self._study(0)
        generation = self._resumed(study)
        while self._told(study) < count and goes_on():
            study = self._study(generation)
            asked = self._ask(study, generation, min(GENERATION, count - self._told(study)))
            candidates = [self._space.suggest(trial) for trial in asked]
            found: dict[str, Trial] = {}
            for done in evaluate(_different(candidates), generation):
                self.book.keep(done)
                found[done.candidate.key] = done
                yield done
            for trial, candidate in zip(asked, candidates, strict=True):
                self._tell(study, trial, found[candidate.key])
            generation += 1

    def _study(self, generation: int) -> optuna.study.Study:
        """The study with a sampler that is at the same place in any run."""
        sampler = self._optuna.samplers.TPESampler(
            seed=self._seed * 1000 + generation,
            n_startup_trials=2 * GENERATION,
            multivariate=True,
            group=True,
        )
        try:
            made: optuna.study.Study = self._optuna.create_study(
                storage=self._storage,
                sampler=sampler,
                study_name=_NAME,
                directions=("maximize", "minimize"),
                load_if_exists=True,
            )
        except Exception as error:
            raise InputError(
                f"the study's storage cannot be used ({type(error).__name__}: {error!s:.200})",
                "check --storage, or take another --study",
            ) from None
        return made

    def _told(self, study: optuna.study.Study) -> int:
        states = self._optuna.trial.TrialState
        return sum(t.state in (states.COMPLETE, states.PRUNED) for t in study.get_trials(deepcopy=False))

    def _resumed(self, study: optuna.study.Study) -> int:
        """The first generation that is not whole. What a driver that was ended left behind is asked again."""
        states = self._optuna.trial.TrialState
        known = study.get_trials(deepcopy=False)
        left = [trial for trial in known if trial.state == states.RUNNING]
        for trial in left:
            study.tell(trial.number, state=states.FAIL)
            study.enqueue_trial(trial.params)
        asked = [int(trial.user_attrs.get("generation", 0)) for trial in left or known]
        return min(asked, default=0) if left else max(asked, default=-1) + 1

    def _ask(self, study: optuna.study.Study, generation: int, count: int) -> list[Any]:
        if generation == 0 and not study.get_trials(deepcopy=False):
            for candidate in self._space.first():
                study.enqueue_trial(params_of(candidate, self._space))
        asked = [study.ask() for _ in range(count)]
        for trial in asked:
            trial.set_user_attr("generation", generation)
        return asked

    def _tell(self, study: optuna.study.Study, trial: Any, found: Trial) -> None:
        trial.set_user_attr("candidate", found.candidate.key)
        cycles = found.cost.cycles or found.cost.instructions or found.cost.macs
        if found.state == FINISHED and found.accuracy is not None:
            study.tell(trial, (found.accuracy, float(cycles)))
        else:
            study.tell(trial, state=self._optuna.trial.TrialState.PRUNED)


def _different(candidates: Iterable[Candidate]) -> list[Candidate]:
    return list({candidate.key: candidate for candidate in candidates}.values())
