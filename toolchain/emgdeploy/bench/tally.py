"""What came back, window by window; also what an interrupted bench leaves for the next one."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded, state
from emgdeploy.bench.workload import Workload
from emgdeploy.files import write_atomic
from emgdeploy.link.transfer import Answer
from emgdeploy.signals import archive

FILE = "bench.partial.npz"
COUNTERS = ("retried", "late", "frames_rejected", "bytes_discarded", "naks", "echoes", "stale", "resets")
_LARGEST = 4 << 30
_STALE_S = 24 * 3600.0

# answered_for of a window that got its own answer; of one whose answer fits no window at all.
OWN = -1
NOBODY = -2
# Of one that was answered twice, and differently.
TWICE = -3


@dataclass(frozen=True)
class Resumed:
    """The part of a verdict that an earlier bench measured. saved: seconds since 1970."""

    windows: int
    saved: float


class NotResumed(Exception):
    """Why what an interrupted bench left is not gone on with, in words for the user."""


@dataclass
class Tally:
    """Arrays over all N windows; a row counts once `answered` is set there.

    outputs (N, output bytes) uint8. ticks: of the inference alone. round_trip_s: first byte sent to
    answer received. host_s: encoding and comparing here. alone: nothing else was under way, so
    that round_trip_s is a latency and no queue. answered_for: OWN, or the window whose input the
    device says it inferred instead, or NOBODY, or TWICE. counters: see LinkStats.
    """

    key: str
    place: str
    answered: NDArray[np.bool_]
    outputs: NDArray[np.uint8]
    ticks: NDArray[np.uint32]
    round_trip_s: NDArray[np.float64]
    host_s: NDArray[np.float64]
    alone: NDArray[np.bool_]
    answered_for: NDArray[np.int64]
    counters: dict[str, int]
    seconds: float = 0.0
    resumed: Resumed | None = None

    @classmethod
    def empty(cls, work: Workload, identity: str, place: str = "") -> Tally:
        """Nothing answered yet. identity: what board and firmware, part of the key; place: which one of them."""
        count = len(work)
        width = len(work.answer(0)) if count else 0
        return cls(
            key=_key(work, identity),
            place=place,
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
        """Leave it for a later bench of the same windows on the same device."""
        head = {
            "key": self.key,
            "place": self.place,
            "saved": time.time(),
            "counters": self.counters,
            "seconds": self.seconds,
        }
        text, buffer = json.dumps(head), io.BytesIO()
        arrays: dict[str, Any] = {
            "head": np.array(text),
            "check": np.array(_check(text, self._arrays())),
            **self._arrays(),
        }
        np.savez(buffer, **arrays)
        write_atomic(folder / FILE, buffer.getvalue())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        names = ("answered", "outputs", "ticks", "round_trip_s", "host_s", "alone", "answered_for")
        return {name: getattr(self, name) for name in names}


def resume(fresh: Tally, folder: Path, now: float | None = None) -> Tally | None:
    """What an interrupted bench left in `folder`, None when there is nothing.

    now: seconds since 1970. Raises NotResumed for what is not known to be of this device, this day and this user.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        arrays = archive.load(bounded.read(path, _LARGEST, ""))
        text, check = str(arrays.pop("head")), str(arrays.pop("check", ""))
        if not hmac.compare_digest(check.encode(), _check(text, arrays).encode()):
            raise NotResumed("it was changed, or written by somebody else")
        head = json.loads(text)
    except NotResumed:
        raise
    except Exception:  # a damaged archive makes zipfile, zlib and numpy fail in many ways, of many classes
        raise NotResumed("it is damaged") from None
    _same_bench(fresh, arrays, head, time.time() if now is None else now)
    done = Resumed(int(arrays["answered"].sum()), float(head["saved"]))
    counters = {name: int(head["counters"][name]) for name in COUNTERS}
    seconds = float(head["seconds"])
    values: dict[str, Any] = dict(arrays)
    return replace(fresh, counters=counters, seconds=seconds, resumed=done, **values)


def _same_bench(fresh: Tally, arrays: dict[str, NDArray[Any]], head: dict[str, Any], now: float) -> None:
    wanted = fresh._arrays()
    fits = arrays.keys() == wanted.keys() and all(
        value.shape == arrays[name].shape and value.dtype == arrays[name].dtype
        for name, value in wanted.items()
    )
    if head["key"] != fresh.key or not fits:
        raise NotResumed("it is of other windows or of another firmware")
    if head["place"] != fresh.place:
        raise NotResumed(f"it is of the device at {head['place']}")
    if not 0 <= now - head["saved"] <= _STALE_S:
        raise NotResumed("it is older than a day")


def _check(text: str, arrays: dict[str, NDArray[Any]]) -> str:
    """Only this user can make it; where no secret can be kept it never fits.

    A check that anybody can compute would let a folder bring answers that no device gave.
    """
    secret = state.secret()
    if not secret:
        return f"none, {time.time_ns()}"
    digest = hmac.new(secret, text.encode(), hashlib.sha256)
    for name in sorted(arrays):
        values = arrays[name]
        digest.update(f"{name} {values.shape} {values.dtype.str} ".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def forget(folder: Path) -> None:
    """The bench is complete, or is to begin anew."""
    (folder / FILE).unlink(missing_ok=True)


def _key(work: Workload, identity: str) -> str:
    digest = hashlib.sha256(identity.encode())
    for values in (work.x, work.y):
        digest.update(str((values.shape, values.dtype.str)).encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
