"""The folder of a guided recording: a file for each trial, and dataset.toml beside them, true after every trial."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy import bounded
from emgdeploy.errors import InputError, UsageError
from emgdeploy.files import write_atomic
from emgdeploy.signals import recordingfile
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.guided.plan import Trial
from emgdeploy.signals.readers import described
from emgdeploy.signals.readers.described import DESCRIPTION

_NOT_IN_NAMES = re.compile(r"[^\w]+")


@dataclass(frozen=True)
class Array:
    """What is the same for all trials. electrodes: the column of each place, row by row; names: of the columns, or ()."""

    sample_rate_hz: float
    grid: tuple[int, int]
    electrodes: tuple[int, ...]
    unit: str
    names: tuple[str, ...] = ()


class Folder:
    """A data set that grows. Further subjects and sessions go into the same folder; sessions are not replaced.

    Raises UsageError where this one is there already, InputError where the folder holds a data set of another kind.
    """

    def __init__(
        self, path: Path, array: Array, gestures: tuple[str, ...], subject: int, session: int
    ) -> None:
        self.path, self._array, self._gestures = path, array, gestures
        self._subject, self._session = subject, session
        self._entries: list[dict[str, Any]] = []
        description = path / DESCRIPTION
        if description.exists():
            self._entries = self._earlier(description)
        elif path.exists() and any(path.iterdir()):
            raise UsageError(f"{path} holds other files", "give a new folder, or one of emgdeploy record")

    def keep(self, trial: Trial, samples: Single) -> Path:
        """Write a trial: (S, columns) as they came. One of the same gesture and repetition is replaced."""
        words = "-".join(filter(None, map(_word, (trial.gesture, trial.position, trial.force))))
        name = (
            f"subject{self._subject}/session{self._session}/{words}-{trial.repetition}{recordingfile.SUFFIX}"
        )
        array = self._array
        recordingfile.save(self.path / name, samples, array.sample_rate_hz, array.unit, array.names)
        entry = {
            "file": name,
            "label": trial.gesture,
            "subject": self._subject,
            "session": self._session,
            "repetition": trial.repetition,
        }
        self._entries = [one for one in self._entries if one["file"] != name] + [entry]
        write_atomic(self.path / DESCRIPTION, self._text())
        return self.path / name

    def _earlier(self, path: Path) -> list[dict[str, Any]]:
        fields = bounded.toml(path, described.HINT)
        described.of_fields(fields, path)
        for name, value in self._head().items():
            if fields.get(name) != value:
                raise InputError(
                    f"{path}: {name} is {fields.get(name)!r:.80}, now it would be {value!r:.80}",
                    "record into a folder of its own, or as that one was recorded",
                )
        entries: list[dict[str, Any]] = fields["recordings"]
        if any((one.get("subject"), one.get("session")) == (self._subject, self._session) for one in entries):
            raise UsageError(
                f"{self.path} has session {self._session} of subject {self._subject} already",
                "give another --session or --subject",
            )
        return entries

    def _head(self) -> dict[str, Any]:
        return {
            "sample_rate_hz": self._array.sample_rate_hz,
            "grid": list(self._array.grid),
            "electrodes": list(self._array.electrodes),
            "labels": list(self._gestures),
            "unit": self._array.unit,
        }

    def _text(self) -> str:
        lines = [f"{name} = {_toml(value)}" for name, value in self._head().items()]
        for entry in self._entries:
            lines += ["", "[[recordings]]", *(f"{name} = {_toml(value)}" for name, value in entry.items())]
        return "\n".join(lines) + "\n"


def _word(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text).strip("_")


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
