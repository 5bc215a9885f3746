"""Which recordings, divided how: everything needed to find the same training and test trials again.

A checkpoint carries the choice it was trained with, so that testing it later does not by mistake use a trial
it has seen.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emgdeploy.errors import EmgDeployError, InputError, UsageError
from emgdeploy.signals import datasets
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.recordings import Dataset
from emgdeploy.signals.simulated import Simulation
from emgdeploy.signals.splits import Division, Split


@dataclass(frozen=True)
class DataChoice:
    """A data set by name, what is taken from it, and how it is divided.

    subjects, sessions: None takes what the data set gives by default; split: None the default of the data;
    test_share, split_seed, test_repetitions, folds: of the splits, see `splits.Division`; fold: from 0, which
    of the folds is meant where there are several.
    """

    dataset: str
    subjects: tuple[int, ...] | None = None
    sessions: tuple[int, ...] | None = None
    split: str | None = None
    test_share: float = 0.25
    split_seed: int = 1
    test_repetitions: tuple[int, ...] = (2, 5)
    folds: int | None = None
    fold: int = 0
    reading: ReadOptions = field(default_factory=ReadOptions)
    simulation: Simulation = field(default_factory=Simulation)

    def load(self, folder: Path | None) -> Dataset:
        """The recordings. Raises as `datasets.load` does."""
        return datasets.load(
            self.dataset, folder, self.subjects, self.sessions, self.simulation, self.reading
        )

    def all_folds(self, dataset: Dataset) -> tuple[Split, ...]:
        """One split, or one for each fold. Raises as `Division.splits` does."""
        division = Division(self.split, self.test_share, self.split_seed, self.test_repetitions, self.folds)
        return division.splits(dataset.recordings)

    def divide(self, dataset: Dataset) -> Split:
        """The split of this fold. Raises as `Division.splits` does, and UsageError for a fold there is not."""
        folds = self.all_folds(dataset)
        if not 0 <= self.fold < len(folds):
            raise UsageError(f"there is no fold {self.fold + 1} of {len(folds)}", "give a fold from 1")
        return folds[self.fold]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` takes it back."""
        fields: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return fields

    @classmethod
    def from_dict(cls, fields: object, source: str) -> DataChoice:
        """The choice in a mapping of another's file. Raises InputError that names `source`."""
        try:
            table = dict(fields)  # type: ignore[call-overload]
            simulation = dict(table.pop("simulation", {}))
            if "grid" in simulation:
                simulation["grid"] = tuple(map(int, simulation["grid"]))
            for name in ("subjects", "sessions", "test_repetitions"):
                if table.get(name) is not None:
                    table[name] = tuple(map(int, table[name]))
            reading = _texts_as_tuples(dict(table.pop("reading", {})))
            choice = cls(simulation=Simulation(**simulation), reading=ReadOptions(**reading), **table)
            return dataclasses.replace(
                choice,
                fold=int(choice.fold),
                folds=None if choice.folds is None else int(choice.folds),
                dataset=str(choice.dataset),
                test_share=float(choice.test_share),
                split_seed=int(choice.split_seed),
            )
        except (TypeError, ValueError, EmgDeployError) as error:
            raise InputError(
                f"{source}: its notes on the training data make no sense ({error!s:.100})",
                "name data and split on the command line, or train again",
            ) from None


def _texts_as_tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(map(str, v)) if isinstance(v, list) else v for name, v in fields.items()}
