"""bench.html: the verdict as one page that needs no other file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emgdeploy.bench import charts
from emgdeploy.bench.tally import Tally
from emgdeploy.bench.verdict import Json
from emgdeploy.errors import EmgDeployError
from emgdeploy.files import write_atomic
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.text import printable

FILE = "bench.html"
_MOST_LISTED = 200


@dataclass(frozen=True)
class _Tile:
    name: str
    value: str
    note: str = ""
    mood: str = ""


@dataclass(frozen=True)
class _Part:
    """One part of the round trip at its median: width in percent of the whole."""

    name: str
    style: str
    time: str
    width: float


def write(
    path: Path, verdict: Json, tally: Tally, manifest: Manifest, failure: EmgDeployError | None
) -> None:
    """Render the page. Whatever text it shows is escaped, wherever it came from."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(**_context(verdict, tally, manifest, failure))
    write_atomic(path, page)


def _context(
    verdict: Json, tally: Tally, manifest: Manifest, failure: EmgDeployError | None
) -> dict[str, Any]:
    answered = np.flatnonzero(tally.answered)
    micro = tally.ticks[answered].astype(np.float64) / (verdict["tick_hz"] or 1) * 1e6
    confusion = verdict["confusion"]
    return {
        "verdict": verdict,
        "mood": _mood(verdict),
        "headline": _headline(verdict),
        "failure": printable(failure.message) if failure else None,
        "tiles": _tiles(verdict),
        "series": charts.series(
            answered & (verdict["timing_doubt"] is None), micro, _deadline_on_chart(verdict)
        ),
        "missed": _missed(verdict),
        "parts": _parts(verdict),
        "latency": _latency_rows(verdict),
        "labels": [printable(name) for name in confusion["labels"]] if confusion else [],
        "confusion": charts.confusion(confusion["matrix"]) if confusion else None,
        "accuracy": _accuracy_rows(verdict),
        "link": _link_rows(verdict),
        "build": _build_rows(verdict, manifest),
        "wrong": verdict["wrong_windows"][:_MOST_LISTED],
        "more_wrong": max(0, verdict["wrong_bits"] - _MOST_LISTED),
        "misattributed": verdict["misattributed"][:_MOST_LISTED],
        "log": verdict["log"],
    }


def _mood(verdict: Json) -> str:
    if verdict["wrong_bits"]:
        return "bad"
    return "good" if verdict["complete"] else "warn"


def _headline(verdict: Json) -> str:
    count = f"{verdict['windows']:,}"
    if verdict["wrong_bits"]:
        return f"{verdict['wrong_bits']:,} of {count} windows answered wrong"
    if not verdict["complete"]:
        return f"incomplete: {verdict['answered']:,} of {count} windows answered, all of them right"
    return f"all {count} windows bit-exact"


def _tiles(verdict: Json) -> list[_Tile]:
    device = verdict["latency_us"]["device"]
    cycles = verdict["cycles"]["p50"]
    counted = "instructions" if verdict["timing_source"] == "emulated-instructions" else "cycles"
    note = f"{cycles:,} {counted}" if cycles is not None and verdict["timing_source"] != "host-clock" else ""
    wrong, unanswered = verdict["wrong_bits"], verdict["unanswered"]
    return [
        _Tile("right, bit for bit", f"{verdict['correct_bits']:,}", f"of {verdict['windows']:,} windows"),
        _Tile("wrong", f"{wrong:,}", mood="bad" if wrong else ""),
        _Tile("unanswered", f"{unanswered:,}", mood="warn" if unanswered else ""),
        _Tile("inference, median", charts.human_time(device["p50"]), note),
    ]


def _deadline_on_chart(verdict: Json) -> float | None:
    """Not beside times that an emulator made up."""
    emulated = verdict["timing_source"] == "emulated-instructions"
    return None if emulated or verdict["deadline_us"] is None else float(verdict["deadline_us"])


def _missed(verdict: Json) -> str | None:
    missed = verdict["deadlines_missed"]
    return None if missed is None else f"{missed:,} (by {verdict['deadline_source']})"


def _parts(verdict: Json) -> list[_Part]:
    medians = {name: verdict["latency_us"][name]["p50"] or 0.0 for name in ("device", "link", "host")}
    whole = sum(medians.values())
    if not whole:
        return []
    return [_Part(n, n, charts.human_time(v), round(100 * v / whole, 2)) for n, v in medians.items()]


def _latency_rows(verdict: Json) -> list[tuple[str, str, str, str]]:
    rows = []
    for name in ("device", "link", "host"):
        spread = verdict["latency_us"][name]
        p50, p99, largest = (charts.human_time(spread[key]) for key in ("p50", "p99", "max"))
        rows.append((name, p50, p99, largest))
    return rows


def _accuracy_rows(verdict: Json) -> list[tuple[str, float]]:
    names = {"float": "float network", "host_int8": "int8 on the host", "device": "device"}
    shares = verdict["accuracy"] or {}
    return [(names[key], shares[key]) for key in names if shares.get(key) is not None]


def _link_rows(verdict: Json) -> list[tuple[str, str]]:
    rows = [
        ("port", verdict["port"]),
        ("rate", f"{verdict['baud']:,} bit/s" if verdict["baud"] else "none"),
        ("encoding", verdict["encoding"]),
        ("frames sent again", f"{verdict['retried']:,}"),
        ("frames rejected", f"{verdict['frames_rejected']:,}"),
        ("bytes discarded", f"{verdict['bytes_discarded']:,}"),
        ("restarts of the device", f"{verdict['resets']:,}"),
    ]
    if verdict["device"] is not None:
        rows.append(("bytes the device could not take", f"{verdict['device']['rx_dropped']:,}"))
        if verdict["device"]["stack_used"]:
            rows.append(("stack the device used", f"{verdict['device']['stack_used']:,} bytes"))
    if verdict["windows_per_second"] is not None:
        rows.append(("throughput", f"{verdict['windows_per_second']:,.4g} windows/s"))
    if verdict["deadline_us"] is not None:
        limit = charts.human_time(verdict["deadline_us"])
        rows.append((f"deadline of {limit} missed", _missed(verdict) or "not known"))
    return rows


def _build_rows(verdict: Json, manifest: Manifest) -> list[tuple[str, str]]:
    return [
        ("board", verdict["board"]),
        ("core", f"{manifest.core} at {verdict['clock_hz'] / 1e6:g} MHz"),
        ("firmware", verdict["firmware_build_id"]),
        ("model", verdict["model_sha256"][:16] + "…"),
        ("MACs", f"{manifest.macs:,}"),
        ("arena", f"{manifest.arena_bytes:,} bytes"),
        ("flash", f"{manifest.flash_bytes:,} bytes"),
        ("RAM", f"{manifest.ram_bytes:,} bytes"),
        ("timing source", verdict["timing_doubt"] or verdict["timing_source"]),
        ("self-test at boot", verdict["selftest"]),
        ("windows from", verdict["windows_source"]),
        ("reference", verdict["reference"]),
    ]
