"""What is known of each candidate of a study: one file each, whole or not at all, so that nothing finished is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic
from emgdeploy.sweep.candidate import Candidate
from emgdeploy.sweep.cost import Cost

FINISHED, NOT_TRAINED, FAILED = "finished", "not trained", "failed"


@dataclass(frozen=True)
class Trial:
    """candidate and what it costs; state: one of the above; why: of a candidate that was not trained or failed.

    accuracy: in int8, of all folds' windows together; spread: deviation over the folds; folds: the scores of each;
    lda: accuracy of an LDA of the same windows. generation: of the search; the first are asked for by hand.
    """

    candidate: Candidate
    cost: Cost
    state: str
    generation: int = 0
    why: str | None = None
    accuracy: float | None = None
    spread: float | None = None
    lda: float | None = None
    folds: tuple[Mapping[str, Any], ...] = field(default_factory=tuple)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` takes it back."""
        return {**asdict(self), "folds": [dict(fold) for fold in self.folds]}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any], source: str) -> Trial:
        """Raises InputError that names `source`."""
        try:
            rest = {key: value for key, value in fields.items() if key not in ("candidate", "cost", "folds")}
            candidate = Candidate.from_dict(fields["candidate"])
            return cls(candidate, Cost(**fields["cost"]), folds=tuple(fields["folds"]), **rest)
        except (KeyError, TypeError) as error:
            raise InputError(f"{source}: is no trial of a sweep ({error})", "remove the file") from None


class Book:
    """The trials of a study, one file each in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, candidate: Candidate) -> Trial | None:
        """What is known of a candidate."""
        path = self._folder / f"{candidate.key}.json"
        return self._read(path) if path.is_file() else None

    def keep(self, trial: Trial) -> None:
        """It is known from now on."""
        write_atomic(
            self._folder / f"{trial.candidate.key}.json", json.dumps(trial.to_dict(), indent=1) + "\n"
        )

    def all(self) -> list[Trial]:
        """Every trial, in the order of the search."""
        found = [self._read(path) for path in sorted(self._folder.glob("*.json"))]
        return sorted(found, key=lambda trial: (trial.generation, trial.candidate.key))

    def _read(self, path: Path) -> Trial:
        try:
            fields = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read ({error})", "remove the file") from None
        return Trial.from_dict(fields if isinstance(fields, dict) else {}, str(path))
