"""Live recognition: samples in, gestures out, through the device."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from emgdeploy.bench.steadiness import Steadiness
from emgdeploy.bench.watch import Watch
from emgdeploy.bench.workload import outputs_of
from emgdeploy.convert.windows import clamped, quantized, to_device_layout
from emgdeploy.errors import InputError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.transfer import Answer
from emgdeploy.signals import Preprocess
from emgdeploy.signals.decisions import CERTAIN, Confidence, Decider, Rules
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.sources.source import Clock, Piece, Source
from emgdeploy.signals.stream import Stream

# A window is late when it is older than this, and than two strides, and a newer one is whole.
LATE_S = 0.15
# After so long without a sample the hand rests: the source may have died.
SILENT_S = 1.0


class Client(Protocol):
    """What recognition needs of `link.client.DeviceClient`."""

    def connect(self) -> DeviceInfo: ...
    def stream(self, windows: Iterator[tuple[int, bytes]], in_flight: int | None) -> Iterator[Answer]: ...


@dataclass(frozen=True)
class Recognised:
    """One window's gesture.

    end_s: its last sample, in seconds of the recording. gesture: class of the largest logit; voted: the most
    frequent of the last few windows that decided, the latest of them on a tie, None where this one does not.
    decision, unsure, rejected: what to do, see `signals.decisions`; confidence: of `gesture`, velocity: 0 to 1;
    scores: the softmax of each class, () where an output is no number; good: no sample of the window was bad. device_s: inference, in the device's own time. lag_s: from when the
    window's last sample was due at the source to its answer.
    """

    index: int
    end_s: float
    gesture: int
    voted: int | None
    decision: int | None
    unsure: bool
    good: bool
    device_s: float
    lag_s: float
    confidence: float
    rejected: bool
    velocity: float
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Settings:
    """rules: of decisions. drop_late: skip windows that are late, for the newest."""

    rules: Rules = field(default_factory=Rules)
    drop_late: bool = True


@dataclass
class Counts:
    """What became of the windows and samples so far. bad: bad samples by recorded channel."""

    windows: int = 0
    dropped: int = 0
    values: int = 0
    clamped: int = 0
    bad: dict[int, int] = field(default_factory=dict)

    @property
    def clamped_share(self) -> float:
        """Of the numbers handed to the device, those beyond what its input can hold."""
        return self.clamped / self.values if self.values else 0.0


@dataclass(frozen=True)
class _Window:
    index: int
    data: bytes
    due: float
    good: bool
    amplitude: float


class Recognition:
    """A session: windows of `source` to the device, decisions back. `counts` may be read at any time.

    silent: is called once when no sample has come for a second, after which the hand is to rest, until some come again.
    rest: the class of rest, None where no class means it.
    """

    def __init__(
        self,
        manifest: Manifest,
        preprocess: Preprocess,
        client: Client,
        source: Source,
        settings: Settings,
        warn: Callable[[str], None],
        clock: Clock | None = None,
    ) -> None:
        self.counts = Counts()
        self._manifest, self._preprocess, self._client = manifest, preprocess, client
        self._source, self._settings, self._clock = source, settings, clock or Clock()
        self._stream = Stream(preprocess, settings.rules.needs_amplitude)
        self._confidence = confidence_of(manifest)
        rules = settings.rules.resolved(preprocess.sample_rate_hz, labels_of(manifest))
        self._decider, self.rest = Decider(rules), rules.rest
        self.silent: Callable[[], None] = lambda: None
        self._came, self._quiet = float("inf"), False
        self._watch = Watch(preprocess, warn)
        self._steadiness = Steadiness(preprocess.electrodes, preprocess.sample_rate_hz)
        self._waiting: deque[_Window] = deque()
        self._under_way: dict[int, _Window] = {}
        self._samples = self._made = 0
        self._late_s = max(LATE_S, 2 * self.stride_s)

    @property
    def stride_s(self) -> float:
        """Seconds between two windows."""
        return self._preprocess.stride_samples / self._preprocess.sample_rate_hz

    @property
    def window_samples(self) -> int:
        """Samples of one window."""
        return self._preprocess.window_samples

    @property
    def skipped_lines(self) -> int:
        """Lines of the source that were no samples."""
        return self._source.skipped

    @property
    def lost_samples(self) -> int:
        """Samples that the source counted and that did not come."""
        return self._source.lost

    def run(self) -> Iterator[Recognised]:
        """Decisions in order. Raises InputError for samples that do not fit, LinkError's children."""
        info = self._client.connect()
        for answer in self._client.stream(self._windows(), 1):
            window = self._under_way.pop(answer.index)
            found = self._recognised(window, answer, info.tick_hz or 1)
            self._watch.answered(found.lag_s, found.device_s, self.counts.windows, self.counts.dropped)
            yield found

    def _recognised(self, window: _Window, answer: Answer, tick_hz: int) -> Recognised:
        logits = np.frombuffer(answer.output, np.dtype(self._manifest.output.dtype).newbyteorder("<"))
        found = self._confidence(logits) if window.good else None
        end = self._end_of(window.index)
        decision = self._decider(end, found, window.amplitude)
        return Recognised(
            index=window.index,
            end_s=end / self._preprocess.sample_rate_hz,
            gesture=int(np.argmax(logits)),
            voted=self._decider.voted,
            decision=decision.gesture,
            unsure=decision.unsure,
            good=found is not None,
            device_s=answer.ticks / tick_hz,
            lag_s=self._clock.now() - window.due,
            confidence=decision.confidence / CERTAIN,
            rejected=decision.rejected,
            velocity=decision.velocity / CERTAIN,
            scores=self._scores(logits),
        )

    def _scores(self, outputs: NDArray[Any]) -> tuple[float, ...]:
        """The softmax of the outputs, unless the network computes it itself."""
        output = self._manifest.output
        values = outputs.astype(np.float64)
        if outputs.dtype.kind == "i":
            values = (values - output.zero_point) * output.scale
        if not np.isfinite(values).all():
            return ()
        if not ends_in_softmax(self._manifest):
            values = np.exp(values - values.max())
        return tuple((values / max(values.sum(), 1e-12)).round(6).tolist())

    def _windows(self) -> Iterator[tuple[int, bytes]]:
        """Each window when it is its turn, as late as can be: the newest if those before it are late."""
        while True:
            piece = self._source.take(0 if self._waiting else self._end_of(self._made) - self._samples)
            for note in self._source.notes():
                self._watch.say(note)
            if piece is None and not self._waiting:
                return
            self._mind(piece)
            if piece is not None and len(piece):
                for note in self._steadiness(piece.samples):
                    self._watch.say(note)
                self._waiting.extend(self._completed(piece))
            if not self._waiting:
                continue
            self._drop_late()
            window = self._waiting.popleft()
            self._under_way = {window.index: window}
            yield window.index, window.data

    def _mind(self, piece: Piece | None) -> None:
        now = self._clock.now()
        if piece is None or len(piece):
            self._came, self._quiet = now, False
        elif now - self._came > SILENT_S and not self._quiet:
            self._quiet = True
            self.silent()

    def _end_of(self, window: int) -> int:
        """Samples until that window is whole."""
        return window * self._preprocess.stride_samples + self._preprocess.window_samples

    def _drop_late(self) -> None:
        late = self._clock.now() - self._waiting[0].due > self._late_s
        if self._settings.drop_late and late:
            self.counts.dropped += len(self._waiting) - 1
            self._waiting = deque([self._waiting[-1]])

    def _completed(self, piece: Piece) -> Iterator[_Window]:
        done = self._stream.push(piece.samples)
        begun, self._samples = self._samples, self._samples + len(piece)
        self._count_bad()
        made = zip(self._quantized(done.windows), done.sure.tolist(), done.amplitudes, strict=True)
        for x, good, amplitude in made:
            due = float(piece.due[self._end_of(self._made) - 1 - begun])
            yield _Window(self._made, x.tobytes(), due, good, float(amplitude))
            self._made += 1
            self.counts.windows += 1

    def _count_bad(self) -> None:
        pairs = zip(self._preprocess.electrodes, self._stream.bad.tolist(), strict=True)
        self.counts.bad = {channel: bad for channel, bad in pairs if bad}
        self._watch.bad(self.counts.bad)

    def _quantized(self, windows: Single) -> NDArray[Any]:
        tensor = self._manifest.input
        dtype = np.dtype(tensor.dtype)
        self.counts.values += windows.size
        self.counts.clamped += clamped(windows, tensor.scale, tensor.zero_point, dtype)
        self._watch.made(windows, self.counts.clamped_share, self.counts.windows + len(windows))
        x = quantized(to_device_layout(windows, tensor.window_axes), tensor.scale, tensor.zero_point, dtype)
        return x.astype(dtype.newbyteorder("<"))


def labels_of(manifest: Manifest) -> list[str]:
    """A name for each class: the build's, or numbers."""
    return list(manifest.output.labels or map(str, range(outputs_of(manifest))))


def confidence_of(manifest: Manifest) -> Confidence:
    """How sure the model's outputs are, as its firmware computes it."""
    output = manifest.output
    return Confidence.of(output.dtype, output.scale, output.zero_point, ends_in_softmax(manifest))


def ends_in_softmax(manifest: Manifest) -> bool:
    """Whether the network's outputs are shares already."""
    return bool(manifest.layers) and manifest.layers[-1].op == "SOFTMAX"


def description(manifest: Manifest) -> Preprocess:
    """How the build's windows are made. Raises InputError where it does not know, or for another shape."""
    if manifest.preprocess is None:
        raise InputError(
            "this build does not know how windows are made from samples",
            "build with --preprocess FILE.toml, or from a checkpoint that brings its preprocessing",
        )
    preprocess = Preprocess.from_dict(manifest.preprocess, "manifest.json: preprocess")
    if preprocess.input_shape != manifest.input.window_shape:
        raise InputError(
            f"the build's preprocessing makes windows {preprocess.input_shape}, "
            f"its model takes {manifest.input.window_shape}",
            "build with the --preprocess that belongs to the model",
        )
    return preprocess
