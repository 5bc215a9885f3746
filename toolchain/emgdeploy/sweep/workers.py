"""Who trains candidates: this process, or Ray's workers on this machine or a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emgdeploy import optional
from emgdeploy.boards import Board
from emgdeploy.errors import EmgDeployError, ToolMissingError
from emgdeploy.nets.metrics import pooled
from emgdeploy.sweep import folds
from emgdeploy.sweep.candidate import Candidate
from emgdeploy.sweep.cost import Cost, Costs, Limits
from emgdeploy.sweep.folds import Material
from emgdeploy.sweep.trials import FAILED, FINISHED, NOT_TRAINED, Book, Trial


@dataclass(frozen=True)
class Question:
    """What every candidate is asked: the data, the board, what may be taken."""

    material: Material
    board: Board
    limits: Limits

    def cost(self, candidate: Candidate, costs: Costs) -> Cost:
        """Of the candidate on the board."""
        base = self.material.base(candidate.network)
        return costs.of(candidate, base, self.material.dataset.labels)


def evaluate(question: Question, candidate: Candidate, cost: Cost, generation: int) -> Trial:
    """Train a candidate on all folds. A candidate that cannot be trained is a trial, too."""
    try:
        reached = folds.reach(candidate, question.material, question.material.inner)
    except EmgDeployError as error:
        return Trial(candidate, cost, FAILED, generation, why=error.message)
    return Trial(
        candidate,
        cost,
        FINISHED,
        generation,
        accuracy=reached.accuracy,
        spread=reached.spread,
        lda=pooled(reached.lda).accuracy,
        folds=tuple(map(folds.as_dict, reached.folds)),
    )


class Workers:
    """Finds the trials of a generation; what is known, too large or too slow is never trained."""

    def __init__(self, question: Question, costs: Costs, book: Book, pool: Pool) -> None:
        self._question = question
        self._costs = costs
        self._book = book
        self._pool = pool

    def __call__(self, candidates: list[Candidate], generation: int) -> Iterator[Trial]:
        """The trials, in the order in which they are known."""
        waiting: list[tuple[Candidate, Cost]] = []
        for candidate in candidates:
            known = self._book.find(candidate)
            if known is not None:
                yield known
                continue
            cost = self._cost(candidate)
            why = cost.beyond(self._question.limits)
            if why is not None:
                yield Trial(candidate, cost, NOT_TRAINED, generation, why=why)
            else:
                waiting.append((candidate, cost))
        yield from self._pool.run(self._question, waiting, generation)

    def _cost(self, candidate: Candidate) -> Cost:
        try:
            return self._question.cost(candidate, self._costs)
        except EmgDeployError as error:
            return Cost(refused=error.message)


class Pool:
    """This process, one candidate after the other."""

    def run(
        self, question: Question, waiting: list[tuple[Candidate, Cost]], generation: int
    ) -> Iterator[Trial]:
        """Train each."""
        for candidate, cost in waiting:
            yield evaluate(question, candidate, cost, generation)

    def close(self) -> None:
        """Nothing is held."""


class RayPool(Pool):
    """Ray's workers. The data are put into the object store once, from where each node takes them once.

    address: of a cluster, None for one that this process starts; workers: how many of its CPUs to use.
    """

    def __init__(self, workers: int, address: str | None = None) -> None:
        self._ray: Any = optional.load("ray", extra="sweep")
        self._workers = workers
        try:
            self._ray.init(
                address=address,
                num_cpus=None if address else workers,
                include_dashboard=False if address is None else None,
                log_to_driver=False,
                logging_level="ERROR",
            )
        except Exception as error:
            raise ToolMissingError(
                f"Ray cannot be used{f' at {address}' if address else ''} ({error!s:.200})",
                "start it (ray start --head), or leave --address out",
            ) from None
        self._shared: Any = None

    def run(
        self, question: Question, waiting: list[tuple[Candidate, Cost]], generation: int
    ) -> Iterator[Trial]:
        """Train them side by side. A worker that dies costs its trial, which is tried again."""
        ray = self._ray
        if self._shared is None:
            self._shared = ray.put(question)
        task = ray.remote(num_cpus=1, max_retries=3)(_remote)
        under_way = {
            task.remote(self._shared, candidate, cost, generation): (candidate, cost)
            for candidate, cost in waiting
        }
        while under_way:
            ready, _ = ray.wait(list(under_way), num_returns=1)
            candidate, cost = under_way.pop(ready[0])
            try:
                yield ray.get(ready[0])
            except ray.exceptions.RayError as error:
                why = f"its worker was lost ({type(error).__name__})"
                yield Trial(candidate, cost, FAILED, generation, why=why)

    def close(self) -> None:
        """Leave the cluster, or end the one that was started."""
        with contextlib.suppress(Exception):
            self._ray.shutdown()


def _remote(question: Question, candidate: Candidate, cost: Cost, generation: int) -> Trial:
    """What a worker does, with as many threads as it was given CPUs."""
    import torch

    torch.set_num_threads(1)
    return evaluate(question, candidate, cost, generation)
