"""`bench --live`: samples through the device's own preprocessing; every window, decision and event against the host's."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from emgdeploy.bench.recognise import confidence_of, labels_of
from emgdeploy.bench.timing import spread_s
from emgdeploy.bench.workload import answers_to
from emgdeploy.convert.windows import quantized, to_device_layout
from emgdeploy.errors import GateFailed, LinkError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.live import Event, LiveLink, Origin, Report, State
from emgdeploy.signals import Preprocess
from emgdeploy.signals.decisions import Decider, Decision, Rules
from emgdeploy.signals.stream import Stream

SCHEMA = "emgdeploy.live/1"
_PIECE = 256
_BATCH = 1024  # windows that are compared at once
_LOOK_S = 0.2
_PATIENCE_S = 30.0


class Client(Protocol):
    """What this needs of `link.client.DeviceClient`."""

    def connect(self) -> DeviceInfo: ...
    def live(self, events: Callable[[Event], None]) -> LiveLink: ...
    @property
    def now(self) -> Callable[[], float]: ...


@dataclass(frozen=True)
class Clock:
    """The device's sampling clock. period: in its ticks. tick_s: board time of a tick, so that a period is one sampling
    interval; said: how it was come by."""

    period: int
    tick_s: float
    said: str

    @classmethod
    def of(
        cls, rate_hz: float, tick_hz: int, board_hz: float | None, instructions: int, cycles: int
    ) -> Clock:
        """board_hz: of a core that ticks stand for, where they count instructions; None where they are time.

        cycles: that so many instructions take, by the cycle model.
        """
        if board_hz is None:
            return cls(max(1, round(tick_hz / rate_hz)), 1 / tick_hz, "in the device's own time")
        period = max(1, round(board_hz / rate_hz * instructions / cycles))
        said = (
            f"in the time of a core of {board_hz / 1e6:g} MHz that takes {cycles / instructions:.3f} cycles an instruction, "
            "as the cycle model has it for this network's inference"
        )
        return cls(period, 1 / rate_hz / period, said)


@dataclass(frozen=True)
class Played:
    """Samples for the device. origin: where they lie; (S, channels) in mV, of which `total` are taken, round and round.
    gaps: (first, count) of samples that the device never got."""

    origin: Origin
    millivolts: NDArray[np.float32]
    total: int
    gaps: tuple[tuple[int, int], ...] = ()

    def pieces(self) -> Iterator[NDArray[np.float32]]:
        """All samples in order, in pieces."""
        for at in range(0, self.total, _PIECE):
            rows = np.arange(at, min(at + _PIECE, self.total)) % len(self.millivolts)
            piece = self.millivolts[rows]
            for first, count in self.gaps:
                piece[max(first - at, 0) : max(first + count - at, 0)] = np.nan
            yield piece


@dataclass(frozen=True)
class Outcome:
    """verdict: JSON-able. problem: what ends the command with another status, None where all is well."""

    verdict: dict[str, Any]
    problem: Exception | None


def run(
    folder: Path,
    manifest: Manifest,
    client: Client,
    played: Played,
    clock: Callable[[DeviceInfo], Clock],
    progress: Callable[[int], None],
) -> Outcome:
    """Play, and compare. progress: told of samples. Raises LinkError's children, ToolMissingError without the reference
    interpreter."""
    info = client.connect()
    events: list[Event] = []
    link, time = client.live(events.append), clock(info)
    timed = played.origin != Origin.WIRE
    period = time.period if timed else 0
    report = link.start(played.origin, period, played.total, every=not timed, checksums=True)
    if timed:
        report = _until_ended(link, report, client.now, progress)
        time = Clock(report.period, time.tick_s * time.period / report.period, time.said)
    else:
        for piece in played.pieces():
            link.send(piece)
            progress(len(piece))
        report = _until_ended(link, report, client.now, lambda samples: None)
    return _judged(folder, manifest, played, events, report, time if timed else None)


def _until_ended(
    link: LiveLink, report: Report, now: Callable[[], float], progress: Callable[[int], None]
) -> Report:
    moved = now()
    while report.state == State.RUNNING:
        link.wait(_LOOK_S)
        newer = link.report()
        if newer.samples != report.samples:
            moved = now()
            progress(newer.samples - report.samples)
        elif now() - moved > _PATIENCE_S:
            raise LinkError(
                f"the device takes no samples any more, after {newer.samples:,} of them", "start it again"
            )
        report = newer
    return report


def _judged(
    folder: Path,
    manifest: Manifest,
    played: Played,
    events: list[Event],
    report: Report,
    clock: Clock | None,
) -> Outcome:
    heard = [event for event in events if not event.silent and not event.lost]
    played = replace(played, gaps=tuple((event.end, event.waiting) for event in events if event.lost))
    wrong = wrong_windows(folder, manifest, played, {event.end: event for event in heard})
    scale = 1.0 if clock is None else clock.tick_s
    lost_events = report.events - len(events)
    verdict: dict[str, Any] = {
        "schema": SCHEMA,
        "board": manifest.board,
        "firmware_build_id": manifest.firmware_build_id,
        "source": played.origin.name.lower(),
        "samples": report.samples,
        "lost": report.lost,
        "overruns": report.overruns,
        "windows": report.windows,
        "answered": report.answered,
        "stale": report.stale,
        "late": report.late,
        "silences": report.silences,
        "events": len(heard),
        "events_lost": lost_events,
        "wrong": {name: sorted(ends) for name, ends in wrong.items()},
        "latency_s": None if clock is None else spread_s([event.latency * scale for event in heard]),
        "inference_s": None if clock is None else spread_s([event.inference * scale for event in heard]),
        "time": None if clock is None else clock.said,
        "equal": not any(wrong.values()) and bool(heard),
    }
    return Outcome(verdict, _problem(verdict, report))


def _problem(verdict: dict[str, Any], report: Report) -> Exception | None:
    wrong = sorted(set().union(*verdict["wrong"].values()))
    if wrong:
        kinds = ", ".join(f"{len(ends):,} {name}" for name, ends in verdict["wrong"].items() if ends)
        return GateFailed(
            f"the device decides otherwise than the host: {kinds}, the first of the window that ends at sample {wrong[0]}",
            "build again; if it stays, report it with this build folder",
        )
    if not verdict["events"]:
        return GateFailed("no window was answered", "play more samples than a window has")
    if report.overruns:
        return GateFailed(
            f"{report.overruns:,} samples found no room in the device's ring",
            "take a smaller network or a longer stride",
        )
    if verdict["events_lost"]:
        return LinkError(
            f"{verdict['events_lost']:,} of {report.events:,} events were lost on the way", "check the line"
        )
    return None


def wrong_windows(
    folder: Path, manifest: Manifest, played: Played, heard: dict[int, Event]
) -> dict[str, list[int]]:
    """Ends of the windows whose input, output or decision is not the host's."""
    preprocess = Preprocess.from_dict(manifest.preprocess, "manifest.json: preprocess")
    rules = Rules.from_dict(manifest.decisions or {}, "manifest.json: decisions")
    decider = Decider(rules.resolved(preprocess.sample_rate_hz, labels_of(manifest)))
    confidence = confidence_of(manifest)
    wrong: dict[str, list[int]] = {"inputs": [], "outputs": [], "decisions": []}
    unknown = set(heard)
    for batch in _batches(_windows(manifest, preprocess, played, rules.needs_amplitude), heard):
        outputs = answers_to(np.stack([window.x for window in batch]), folder, manifest)
        for window, output in zip(batch, outputs, strict=True):
            event = heard[window.end]
            unknown.discard(window.end)
            wanted = decider(window.end, confidence(output) if window.sure else None, window.amplitude)
            kept = np.ascontiguousarray(output).astype(manifest.output.dtype)
            checks = {
                "inputs": zlib.crc32(window.x.tobytes()) == event.input_crc,
                "outputs": zlib.crc32(kept.tobytes()) == event.output_crc,
                "decisions": _decision(event) == wanted and event.good == window.sure,
            }
            for name, right in checks.items():
                if not right:
                    wrong[name].append(window.end)
    wrong["decisions"] += unknown  # events of windows that there are not
    return wrong


def _decision(event: Event) -> Decision:
    return Decision(event.gesture, event.unsure, event.rejected, event.confidence, event.velocity)


@dataclass(frozen=True)
class _Window:
    end: int
    x: NDArray[Any]
    sure: bool
    amplitude: float


def _windows(
    manifest: Manifest, preprocess: Preprocess, played: Played, amplitudes: bool
) -> Iterator[_Window]:
    """Every window of the stream, by the host's preprocessing."""
    tensor = manifest.input
    stream, end = Stream(preprocess, amplitudes), preprocess.window_samples
    for piece in played.pieces():
        done = stream.push(piece)
        laid = to_device_layout(done.windows, tensor.window_axes)
        x = quantized(laid, tensor.scale, tensor.zero_point, np.dtype(tensor.dtype))
        for window, sure, amplitude in zip(x, done.sure, done.amplitudes, strict=True):
            yield _Window(end, window.astype(tensor.dtype), bool(sure), float(amplitude))
            end += preprocess.stride_samples


def _batches(windows: Iterator[_Window], heard: dict[int, Event]) -> Iterator[list[_Window]]:
    batch: list[_Window] = []
    for window in windows:
        if window.end in heard:
            batch.append(window)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
