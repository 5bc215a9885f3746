"""From answers to the verdict: bench.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import __version__
from emgdeploy.bench import timing
from emgdeploy.bench.deadline import Deadline, Missed
from emgdeploy.bench.tally import NOBODY, OWN, TWICE, Tally
from emgdeploy.bench.timing import Timing
from emgdeploy.bench.workload import Workload
from emgdeploy.boards import Board
from emgdeploy.files import write_atomic
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.text import printable

SCHEMA = "emgdeploy.bench/1"
FILE = "bench.json"

Json = dict[str, Any]


def right(tally: Tally, work: Workload) -> NDArray[np.bool_]:
    """(N,) answered, for its own input, with the reference's bits."""
    if not len(work):
        return np.zeros(0, np.bool_)
    expected = np.frombuffer(b"".join(work.answer(i) for i in range(len(work))), np.uint8)
    same = (tally.outputs == expected.reshape(len(work), -1)).all(1)
    found: NDArray[np.bool_] = tally.answered & same & (tally.answered_for == OWN)
    return found


def assemble(
    tally: Tally,
    work: Workload,
    manifest: Manifest,
    info: DeviceInfo,
    port: str,
    deadline: Deadline,
    board: Board,
    timing_gate: float | None,
) -> Json:
    """Every field of the contract's bench.json, and a few more. complete is set when all are answered."""
    good = right(tally, work)
    answered = tally.answered
    wrong = answered & ~good
    doubt = timing.doubt(info, board, tally.ticks[answered], tally.round_trip_s[answered])
    source = timing.UNKNOWN if doubt else info.timing_source
    believed = answered & (doubt is None)
    ticks = tally.ticks[believed].astype(np.float64)
    device_s = ticks / (info.tick_hz or 1)
    cycles = ticks * (info.clock_hz / (info.tick_hz or 1))
    # An emulated board's time runs apart from ours: neither can be taken from the other.
    timed = believed & tally.alone & (source != timing.EMULATED)
    link_s = tally.round_trip_s[timed] - tally.ticks[timed] / (info.tick_hz or 1)
    missed = Missed() if doubt else deadline.missed(device_s, source)
    compared = timing.compare(manifest.expected_instructions, cycles, source, timing_gate)
    return {
        "schema": SCHEMA,
        "board": manifest.board,
        "port": port,
        "firmware_build_id": manifest.firmware_build_id,
        "model_sha256": manifest.model_sha256,
        "complete": bool(answered.all()),
        "windows": len(work),
        "answered": int(answered.sum()),
        "correct_bits": int(good.sum()),
        "wrong_bits": int(wrong.sum()),
        "wrong_windows": [work.number(int(i)) for i in np.flatnonzero(wrong)],
        "misattributed": _misattributed(tally, wrong),
        "unanswered": int((~answered).sum()),
        **tally.counters,
        "accuracy": _accuracy(tally, work),
        "confusion": _confusion(tally, work, manifest.output.labels),
        "latency_us": {
            "device": timing.spread(device_s),
            "link": timing.spread(np.maximum(link_s, 0.0)),
            "host": timing.spread(tally.host_s[answered]),
        },
        "histogram_us": timing.histogram(device_s),
        "latency_windows": {"device": int(believed.sum()), "link": int(timed.sum())},
        "cycles": timing.extremes(cycles),
        "clock_hz": info.clock_hz,
        "tick_hz": info.tick_hz,
        "timing_source": printable(source),
        "timing_doubt": doubt,
        "timing": vars(compared),
        "deadline_us": deadline.limit_us,
        "deadlines_missed": missed.count,
        "deadline_source": missed.source,
        "seconds": round(tally.seconds, 3),
        "windows_per_second": round(float(answered.sum()) / tally.seconds, 3) if tally.seconds else None,
        "windows_source": work.source,
        "reference": work.reference,
        "protocol_version": info.protocol_version,
        "selftest": info.selftest.name.lower(),
        "emgdeploy": __version__,
    }


def timing_of(verdict: Json) -> Timing:
    """The verdict's comparison of times."""
    return Timing(**verdict["timing"])


def write(verdict: Json, folder: Path) -> None:
    """bench.json, whole or not at all."""
    write_atomic(folder / FILE, json.dumps(verdict, indent=2, allow_nan=False) + "\n")


def _misattributed(tally: Tally, wrong: NDArray[np.bool_]) -> list[Json]:
    """Windows whose answer was computed from another input than theirs, and whose it was, if anybody's."""
    found = np.flatnonzero(wrong & (tally.answered_for != OWN))
    owners = [int(tally.answered_for[i]) for i in found]
    return [
        {
            "window": int(i),
            "answered_for": None if owner in (NOBODY, TWICE) else owner,
            "contradicted": owner == TWICE,
        }
        for i, owner in zip(found, owners, strict=True)
    ]


def _device_outputs(tally: Tally, work: Workload) -> NDArray[Any]:
    """(N, K) what the device answered, as numbers of the output's dtype."""
    little = work.y.dtype.newbyteorder("<")
    return np.ascontiguousarray(tally.outputs).view(little).reshape(len(work), -1)


def _classes(outputs: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(outputs.reshape(len(outputs), -1).argmax(1), np.int64)


def _accuracy(tally: Tally, work: Workload) -> Json | None:
    """Shares of the answered windows; None without labels."""
    if work.classes is None or not tally.answered.any():
        return None
    here = tally.answered
    truth = work.classes[here]
    floats = None if work.float_classes is None else work.float_classes[here]
    return {
        "float": None if floats is None else float((floats == truth).mean()),
        "host_int8": float((_classes(work.y)[here] == truth).mean()),
        "device": float((_classes(_device_outputs(tally, work))[here] == truth).mean()),
    }


def _confusion(tally: Tally, work: Workload, labels: tuple[str, ...] | None) -> Json | None:
    """Rows: true classes; columns: what the device said. None without true classes."""
    if work.classes is None or not tally.answered.any():
        return None
    outputs = _device_outputs(tally, work)
    size = outputs.shape[1]
    truth, said = work.classes[tally.answered], _classes(outputs)[tally.answered]
    if not ((truth >= 0) & (truth < size)).all():
        return None
    matrix = np.zeros((size, size), np.int64)
    np.add.at(matrix, (truth, said), 1)
    names = list(labels) if labels else [str(i) for i in range(size)]
    return {"labels": names, "matrix": matrix.tolist()}
