"""The bench itself."""

from __future__ import annotations

import dataclasses
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emgdeploy.bench import deadline, divergence, elsewhere, place, report, tally, timing, verdict, workload
from emgdeploy.bench.divergence import Divergence
from emgdeploy.bench.tally import OWN, Tally
from emgdeploy.bench.verdict import Json
from emgdeploy.bench.workload import Workload
from emgdeploy.boards import load_board
from emgdeploy.errors import EmgDeployError, GateFailed, InputError, LinkError, UsageError
from emgdeploy.files import signals_held
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.flash import identity
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.port import Port
from emgdeploy.link.session import Trace
from emgdeploy.link.wire import Pong
from emgdeploy.text import printable

_SAVE_EVERY_S = 5.0
_ALONE = 32

Progress = Callable[[int, str], None]


@dataclass(frozen=True)
class BenchOptions:
    """limit: only so many windows, spread over the classes. deadline_us: None for the preprocessing's stride.

    timing_gate: largest share by which the time may be off, None for the board's habit. one_at_a_time:
    never more than one window under way, as always on an emulated board. fresh: do not go on where an interrupted bench stopped.
    """

    limit: int | None = None
    deadline_us: float | None = None
    timing_gate: float | None = None
    one_at_a_time: bool = False
    fresh: bool = False
    link: LinkOptions = field(default_factory=LinkOptions)


@dataclass(frozen=True)
class BenchResult:
    """verdict: the content of bench.json. failure: what ended the bench early. device: its own account.

    unsaved: why bench.json or bench.html could not be written. interrupted: by Ctrl-C or a signal.
    """

    verdict: Json
    device: DeviceInfo
    json_path: Path
    html_path: Path
    failure: EmgDeployError | None = None
    unsaved: OSError | None = None
    interrupted: bool = False

    @property
    def problem(self) -> EmgDeployError | None:
        """None when at least one window was sent and all were right; else why not, worst first."""
        found = self.verdict
        if found["wrong_bits"]:
            return _wrong(found)
        if self.failure is not None:
            return _with_what_was_achieved(self.failure, found)
        if found["unanswered"]:
            return LinkError(
                f"{found['unanswered']} of {found['windows']} windows were not answered",
                "look at the device's log with --trace; a window on which it restarts is left out",
            )
        if found["inferences"] not in (None, found["inferences_due"]):
            return GateFailed(
                f"the device counts {found['inferences']:,} inferences for {found['inferences_due']:,} answers",
                "an answer without an inference proves nothing: build and flash it again",
            )
        compared = verdict.timing_of(found)
        if not compared.held and compared.ratio is not None:
            return GateFailed(
                f"an inference takes {compared.ratio - 1:+.2%} of the expected {compared.expected:,} instructions",
                "this is not the program that the build measured; build and flash it again",
            )
        if self.unsaved is not None:
            return InputError(
                f"{self.json_path.parent}: the verdict could not be saved ({self.unsaved.strerror})",
                "free some space there, or make it writable, and bench again",
            )
        return None

    @property
    def exit_code(self) -> int:
        """The contract's exit code."""
        return 0 if self.problem is None else self.problem.exit_code


def _with_what_was_achieved(failure: EmgDeployError, found: Json) -> EmgDeployError:
    if not isinstance(failure, LinkError):
        return failure
    achieved = f"{found['answered']} of {found['windows']} windows had been answered"
    return LinkError(f"{failure.message}; {achieved}", failure.hint)


def _wrong(found: Json) -> GateFailed:
    shown = ", ".join(map(str, found["wrong_windows"][:5])) + (", ..." if found["wrong_bits"] > 5 else "")
    text = f"{found['wrong_bits']} of {found['windows']} windows were answered wrong (window {shown})"
    if found["misattributed"]:
        first = found["misattributed"][0]
        other = (
            "no window of this bench" if first["answered_for"] is None else f"window {first['answered_for']}"
        )
        text += (
            f"; window {first['window']} was answered twice, and differently"
            if first["contradicted"]
            else f"; window {first['window']} was answered with the answer for {other}"
        )
    return GateFailed(text, _hint(found["first_divergent_layer"], found["divergence"]))


def _hint(layer: str | None, note: str | None) -> str:
    if layer:
        return f"the first layer that differs is {layer} ({note}): report it with the build folder"
    return note or "the device mixes up its answers"


def run(
    folder: Path,
    manifest: Manifest,
    port: Port,
    work: Workload,
    options: BenchOptions | None = None,
    progress: Progress | None = None,
    trace: Trace | None = None,
) -> BenchResult:
    """Stream `work` through the device on `port` and write bench.json and bench.html into `folder`.

    Raises UsageError without windows, DeviceMismatchError for another device, LinkError when nothing
    could be measured at all. A failure later is in the result, which then holds what was achieved.
    A verdict that cannot be written is in the result all the same; so is what was achieved before Ctrl-C.
    """
    options = options or BenchOptions()
    work = work.spread(options.limit)
    if not len(work):
        raise UsageError("there are no windows to bench", "give at least one with --windows or --limit")
    client = DeviceClient(port, options.link, lambda info: identity.check(info, manifest), trace)
    try:
        bench = _Bench(folder, manifest, client, work, options, progress or (lambda count, note: None))
    except identity.SelfTestFailed as error:
        known = workload.from_build(folder, manifest).x[0]
        where = divergence.first(folder, manifest, known, client)
        raise GateFailed(error.message, _hint(where.layer, where.note)) from error
    return bench.run()


class _Bench:
    """One run: what stays the same while windows go there and answers come back."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        client: DeviceClient,
        work: Workload,
        options: BenchOptions,
        progress: Progress,
    ) -> None:
        self.folder, self.manifest, self.client, self.work = folder, manifest, client, work
        self.options, self.progress = options, progress
        self.board = load_board(manifest.board)
        self.deadline = deadline.of_build(folder, manifest, options.deadline_us)
        self.info = client.connect()
        # Of windows with the same bytes the first owns the answer; they all have the same one.
        self.owners = {zlib.crc32(work.window(i)): i for i in reversed(range(len(work)))}
        self.not_resumed: str | None = None
        self.tally = self._begin()
        self.before, self.before_s = dict(self.tally.counters), self.tally.seconds
        self.begun = self.saved = time.monotonic()
        self.prepared: dict[int, float] = {}
        self.where: Divergence | None = None
        self.counted = 0
        self.counters: Pong | None = None
        self.unsaved: OSError | None = None
        self.at_first = self._ping()

    def _begin(self) -> Tally:
        info = self.info
        same = f"{info.board} {info.firmware_build_id} {info.model_sha256}"
        fresh = Tally.empty(self.work, same, place.of_port(self.client.port.name))
        try:
            found = None if self.options.fresh else tally.resume(fresh, self.folder)
        except tally.NotResumed as why:
            self.progress(0, f"beginning anew: there is an interrupted bench, but {why}")
            self.not_resumed = str(why)
            return fresh
        if found is None:
            return fresh
        done = int(found.answered.sum())
        self.progress(done, f"going on after {done} windows of an interrupted bench")
        return found

    def run(self) -> BenchResult:
        """Stream, and write what was achieved, however the streaming ends."""
        failure: EmgDeployError | None = None
        verdict.write(self._verdict(), self.folder)  # a folder that takes none is said before the work
        try:
            self._stream()
            self.counters = self._ping()
        except EmgDeployError as error:
            failure = error
        except KeyboardInterrupt:
            return self._finish(None, interrupted=True)
        result = self._finish(failure)
        try:
            if failure is not None or not self._look_for_the_layer():
                return result
        except KeyboardInterrupt:
            self.where = Divergence(None, "the search for the layer was interrupted")
            return self._finish(None, interrupted=True)
        return self._finish(None)

    def _stream(self) -> None:
        missing = [int(i) for i in np.flatnonzero(~self.tally.answered)]
        # Bytes that arrive during an inference cost instructions, which an emulated board counts.
        counted = self.info.timing_source == timing.EMULATED
        alone = missing if counted or self.options.one_at_a_time else missing[:_ALONE]
        for indices, in_flight in ((alone, 1), (missing[len(alone) :], None)):
            for answer in self.client.stream(self._windows(indices), in_flight):
                begun = time.perf_counter()
                self.tally.take(answer, self.owners)
                self.tally.host_s[answer.index] = (
                    self.prepared.pop(answer.index) + time.perf_counter() - begun
                )
                self.counted += 1
                self.progress(1, "")
                if time.monotonic() - self.saved > _SAVE_EVERY_S:
                    self._save()

    def _ping(self) -> Pong | None:
        """What the device itself counted; a link that breaks over it spoils nothing."""
        try:
            return self.client.ping()
        except LinkError:
            return None

    def _inferences(self) -> int | None:
        """How many inferences the device counted; None when it restarted in between, or was not asked."""
        if self.at_first is None or self.counters is None or self.client.stats.resets:
            return None
        return (self.counters.inferences - self.at_first.inferences) % (1 << 32)

    def _windows(self, indices: list[int]) -> Iterator[tuple[int, bytes]]:
        for index in indices:
            begun = time.perf_counter()
            window = self.work.window(index)
            self.prepared[index] = time.perf_counter() - begun
            yield index, window

    def _verdict(self) -> Json:
        stats = self.client.stats
        for index in self.client.contradicted:
            self.tally.contradict(index)
        for name in tally.COUNTERS:
            self.tally.counters[name] = self.before[name] + int(getattr(stats, name))
        self.tally.seconds = self.before_s + time.monotonic() - self.begun
        found = verdict.assemble(
            self.tally,
            self.work,
            self.manifest,
            self.info,
            self.client.port.name,
            self.deadline,
            self.board,
            self.options.timing_gate,
        )
        found["first_divergent_layer"] = self.where.layer if self.where else None
        found["divergence"] = self.where.note if self.where else None
        found["divergence_source"] = self.where.source if self.where else None
        earlier = self.tally.resumed
        found["resumed"] = None if earlier is None else dataclasses.asdict(earlier)
        found["not_resumed"] = self.not_resumed
        found["baud"] = self.client.port.baud or None
        found["encoding"] = "text-safe" if self.client.text_safe else "binary"
        found["inferences"] = self._inferences()
        found["inferences_due"] = self.counted
        found["device"] = None if self.counters is None else dataclasses.asdict(self.counters)
        found["log"] = [printable(line.decode("utf-8", "replace")) for line in list(stats.log)[-20:]]
        return found

    def _save(self) -> Json:
        """bench.json says at any moment what was achieved until then. A full disk does not end the bench."""
        found = self._verdict()
        with self._noting():
            if not found["complete"]:
                self.tally.save(self.folder)
            verdict.write(found, self.folder)
        self.saved = time.monotonic()
        return found

    @contextmanager
    def _noting(self) -> Iterator[None]:
        self.unsaved = None
        try:
            yield
        except OSError as error:
            self.unsaved = error

    def _look_for_the_layer(self) -> bool:
        """Whether there was anything to look for."""
        wrong = self.tally.answered & ~verdict.right(self.tally, self.work) & (self.tally.answered_for == OWN)
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            self.progress(0, "looking for the layer")
            self.where = divergence.first(self.folder, self.manifest, self.work.x[first], self.client)
        return bool(wrong.any())

    def _finish(self, failure: EmgDeployError | None, interrupted: bool = False) -> BenchResult:
        """Write everything; the first thing after the last answer, so that nothing can come in between."""
        with signals_held():
            found = self._save()
            html_path = self.folder / report.FILE
            if self.unsaved is None:
                with self._noting():
                    if found["complete"]:
                        tally.forget(self.folder)
                    boards = elsewhere.of_build(self.folder, self.manifest)
                    report.write(html_path, found, self.manifest, failure, boards)
        json_path = self.folder / verdict.FILE
        return BenchResult(found, self.info, json_path, html_path, failure, self.unsaved, interrupted)
