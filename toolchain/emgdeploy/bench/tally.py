"""What came back, window by window; also what an interrupted bench leaves for the next one."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.bench.workload import Workload
from emgdeploy.files import write_atomic
from emgdeploy.link.transfer import Answer

FILE = "bench.partial.npz"
COUNTERS = ("retried", "late", "frames_rejected", "bytes_discarded", "naks", "echoes", "stale", "resets")

# answered_for of a window that got its own answer; of one whose answer fits no window at all.
OWN = -1
NOBODY = -2
# Of one that was answered twice, and differently.
TWICE = -3


@dataclass
class Tally:
    """Arrays over all N windows; a row counts once `answered` is set there.

    outputs (N, output bytes) uint8. ticks: of the inference alone. round_trip_s: first byte sent to
    answer received. host_s: encoding and comparing here. alone: nothing else was under way, so
    that round_trip_s is a latency and no queue. answered_for: OWN, or the window whose input the
    device says it inferred instead, or NOBODY, or TWICE. counters: see LinkStats.
    """

    key: str
    answered: NDArray[np.bool_]
    outputs: NDArray[np.uint8]
    ticks: NDArray[np.uint32]
    round_trip_s: NDArray[np.float64]
    host_s: NDArray[np.float64]
    alone: NDArray[np.bool_]
    answered_for: NDArray[np.int64]
    counters: dict[str, int]
    seconds: float = 0.0

    @classmethod
    def empty(cls, work: Workload, identity: str) -> Tally:
        """Nothing answered yet. identity: what device and firmware; part of the key."""
        count = len(work)
        width = len(work.answer(0)) if count else 0
        return cls(
            key=_key(work, identity),
            answered=np.zeros(count, np.bool_),
            outputs=np.zeros((count, width), np.uint8),
            ticks=np.zeros(count, np.uint32),
            round_trip_s=np.zeros(count),
            host_s=np.zeros(count),
            alone=np.zeros(count, np.bool_),
            answered_for=np.full(count, OWN),
            counters=dict.fromkeys(COUNTERS, 0),
        )

    def take(self, answer: Answer, owners: dict[int, int]) -> None:
        """Enter an answer. owners: CRC-32 of an input -> the first window that has it."""
        index = answer.index
        self.outputs[index] = np.frombuffer(answer.output, np.uint8)
        self.ticks[index] = answer.ticks
        self.round_trip_s[index] = answer.round_trip
        self.alone[index] = answer.alone
        if not answer.own_input:
            self.answered_for[index] = owners.get(answer.input_crc, NOBODY)
        self.answered[index] = True  # last, because Ctrl-C may come between any two lines

    def contradict(self, index: int) -> None:
        """The device answered this window a second time, and differently: neither answer counts."""
        self.answered_for[index] = TWICE

    def save(self, folder: Path) -> None:
        """Leave it for a later bench of the same windows on the same firmware."""
        head = {"key": self.key, "counters": self.counters, "seconds": self.seconds}
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {"head": np.array(json.dumps(head)), **self._arrays()}
        np.savez(buffer, **arrays)
        write_atomic(folder / FILE, buffer.getvalue())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        names = ("answered", "outputs", "ticks", "round_trip_s", "host_s", "alone", "answered_for")
        return {name: getattr(self, name) for name in names}


def resume(fresh: Tally, folder: Path) -> Tally | None:
    """What an interrupted bench with the same key left in `folder`; None when there is nothing of use."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            head = json.loads(str(file["head"]))
            arrays = {name: file[name] for name in fresh._arrays()}
        fits = all(
            value.shape == arrays[name].shape and value.dtype == arrays[name].dtype
            for name, value in fresh._arrays().items()
        )
        if head["key"] != fresh.key or not fits:
            return None
        counters = {name: int(head["counters"].get(name, 0)) for name in COUNTERS}
        return Tally(key=fresh.key, counters=counters, seconds=float(head["seconds"]), **arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def forget(folder: Path) -> None:
    """The bench is complete, or is to begin anew."""
    (folder / FILE).unlink(missing_ok=True)


def _key(work: Workload, identity: str) -> str:
    digest = hashlib.sha256(identity.encode())
    for values in (work.x, work.y):
        digest.update(str((values.shape, values.dtype.str)).encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
