"""A folder of simulated recordings as a lab would have it: files of samples and classes, and dataset.toml beside them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import UsageError
from emgdeploy.files import write_atomic
from emgdeploy.signals import recordingfile, simulated_session
from emgdeploy.signals.readers.described import DESCRIPTION, UNITS
from emgdeploy.signals.recordings import COUNTS, UNUSED
from emgdeploy.signals.simulated import LABELS, Simulation
from emgdeploy.signals.simulated_session import WRONG_UNIT, Fault, Session

MARK = "simulation.json"
FORMATS = ("npz", "csv")
UNITS_TO_WRITE = tuple(unit for unit in UNITS if unit != COUNTS)
# Of one session, and of all files.
_MOST_BYTES, _MOST_FILES = 4 << 30, 64 << 30
_TEXT_BYTES = 9


@dataclass(frozen=True)
class Recorded:
    """What to write. unit: of the numbers in the files; rest_s: before each gesture; kind: one of `FORMATS`."""

    simulation: Simulation
    rest_s: float = 2.0
    unit: str = "uV"
    kind: str = "npz"
    faults: tuple[Fault, ...] = field(default=())

    def __post_init__(self) -> None:
        wanted = self.simulation
        values = simulated_session.seconds(wanted, self.rest_s) * wanted.sample_rate_hz * np.prod(wanted.grid)
        each = _TEXT_BYTES if self.kind == "csv" else 4
        if 4 * values > _MOST_BYTES or each * values * wanted.sessions * wanted.subjects > _MOST_FILES:
            raise UsageError(
                f"a session of these is {4 * values / 2**30:,.0f} GB in memory",
                "fewer repetitions or seconds",
            )


def write(folder: Path, wanted: Recorded) -> float:
    """Simulate into an empty folder; the seconds of all sessions together."""
    simulation, seconds = wanted.simulation, 0.0
    names = [fault.name for fault in wanted.faults]
    written, said = ("uV", "mV") if WRONG_UNIT in names else (wanted.unit, wanted.unit)
    for session in simulated_session.sessions(simulation, wanted.rest_s, wanted.faults):
        numbers = session.samples / np.float32(UNITS[written])
        path = folder / f"subject{session.subject}-session{session.number}.{wanted.kind}"
        if wanted.kind == "csv":
            write_atomic(path, _csv(session, numbers))
        else:
            more = {"y": session.classes, "repetition": session.repetitions}
            recordingfile.save(path, numbers, simulation.sample_rate_hz, said, more=more)
        seconds += len(numbers) / simulation.sample_rate_hz
    write_atomic(folder / DESCRIPTION, _description(wanted, said))
    told = {**asdict(simulation), "rest_s": wanted.rest_s, "faults": [asdict(f) for f in wanted.faults]}
    write_atomic(folder / MARK, json.dumps({"schema": "emgdeploy.simulation/1", **told}, indent=2) + "\n")
    return seconds


def _description(wanted: Recorded, unit: str) -> str:
    rows, columns = wanted.simulation.grid
    ways = (
        'label_column = "label"\nrepetition_column = "repetition"'
        if wanted.kind == "csv"
        else 'samples_array = "x"\nlabel_array = "y"\nrepetition_array = "repetition"'
    )
    return f"""# Simulated signals: they say nothing about a person's arm. {MARK} says how they were made.
sample_rate_hz = {wanted.simulation.sample_rate_hz}
grid = [{rows}, {columns}]
labels = {json.dumps(LABELS)}
unit = "{unit}"

[[recordings]]
pattern = "subject{{subject}}-session{{session}}.{wanted.kind}"
{ways}
"""


def _csv(session: Session, numbers: NDArray[np.float32]) -> bytes:
    head = ",".join([*(f"emg{column}" for column in range(numbers.shape[1])), "label", "repetition"])
    names = ["" if number == UNUSED else LABELS[number] for number in session.classes]
    rows = (
        ",".join([*(f"{value:.6g}" for value in row), name, str(repetition)])
        for row, name, repetition in zip(numbers.tolist(), names, session.repetitions.tolist(), strict=True)
    )
    return ("\n".join([head, *rows]) + "\n").encode()
