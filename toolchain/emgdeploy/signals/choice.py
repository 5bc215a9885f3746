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

from emgdeploy.errors import EmgDeployError, InputError
from emgdeploy.signals import datasets, splits
from emgdeploy.signals.recordings import Dataset
from emgdeploy.signals.simulated import Simulation


@dataclass(frozen=True)
class DataChoice:
    """A data set by name, the subjects and sessions taken from it, and the split.

    subjects, sessions: None takes what the data set gives by default; split: None the default of the data.
    """

    dataset: str
    subjects: tuple[int, ...] | None = None
    sessions: tuple[int, ...] | None = None
    split: str | None = None
    test_share: float = 0.25
    split_seed: int = 1
    simulation: Simulation = field(default_factory=Simulation)

    def load(self, folder: Path | None) -> Dataset:
        """The recordings. Raises as `datasets.load` does."""
        return datasets.load(self.dataset, folder, self.subjects, self.sessions, self.simulation)

    def divide(self, dataset: Dataset) -> splits.Split:
        """The split. Raises as `splits.split` does."""
        return splits.split(dataset.recordings, self.split, self.test_share, self.split_seed)

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
            for name in ("subjects", "sessions"):
                if table.get(name) is not None:
                    table[name] = tuple(map(int, table[name]))
            choice = cls(simulation=Simulation(**simulation), **table)
            return dataclasses.replace(
                choice,
                dataset=str(choice.dataset),
                test_share=float(choice.test_share),
                split_seed=int(choice.split_seed),
            )
        except (TypeError, ValueError, EmgDeployError) as error:
            raise InputError(
                f"{source}: its notes on the training data make no sense ({error!s:.100})",
                "name data and split on the command line, or train again",
            ) from None
