"""From the network's outputs to what is done: one description, executed identically by host and firmware.

A window that holds a bad sample decides nothing, nor does one whose confidence is too small. Of the others the last
few vote. The winner becomes the decision once it has won often enough in a row and the last decision is old enough.
While nothing is decided, the last decision is held; then the hand rests, and says that it is unsure.

`Decider` is the twin of `firmware_templates/runtime/live/decide.c`: integers, and single precision in the same order.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded
from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.description import read_fields
from emgdeploy.signals.float32_math import Single

HOLD_MS = 150.0
MOST_VOTES = 64
CERTAIN = 1000
"""Confidence and velocity count thousandths."""

_HINT = "docs/live.md lists the fields of a description of decisions"
_LONGEST_MS = 60_000.0
_SHARES, _WHOLE = 256, 65535
_STEPS = 16  # parts of a natural unit in the table of shares, where the outputs have no 8 bits

# What recordings call the class of a hand that does nothing.
_REST = ("rest", "no movement", "no gesture", "idle", "relax", "relaxed", "neutral", "none")


@dataclass(frozen=True)
class Rules:
    """How decisions are made.

    vote: the majority of so many windows. confidence: a window whose softmax says less of its class is rejected.
    confirm: how many windows in a row a new winner has to win. minimum_ms: for how long a decision stays at least.
    hold_ms: for how long one outlasts the last window that decided. onset_mv: below this mean amplitude of the
    filtered samples a window means rest. velocity_mv: the amplitudes of no and of full speed. rest: the class of
    rest, the label that means it where none is named.
    """

    vote: int = 1
    confidence: float = 0.0
    confirm: int = 1
    minimum_ms: float = 0.0
    hold_ms: float = HOLD_MS
    onset_mv: float = 0.0
    velocity_mv: tuple[float, float] | None = None
    rest: str = ""

    def __post_init__(self) -> None:
        for broken, message in _rules(self):
            if broken:
                raise InputError(f"decisions: {message}", _HINT)

    @property
    def needs_amplitude(self) -> bool:
        """Whether the amplitude of a window plays a part."""
        return self.onset_mv > 0 or self.velocity_mv is not None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` takes it back."""
        fields = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}

    @classmethod
    def from_dict(cls, fields: object, source: str = "decisions") -> Rules:
        """Raises InputError that names `source` and the field."""
        return cls(**read_fields(cls, fields, source))

    def resolved(self, sample_rate_hz: float, labels: Sequence[str] | None) -> Resolved:
        """The rules in samples and classes. Raises UsageError where a class is missing."""
        rest = rest_class(labels)
        if self.rest:
            if self.rest not in (labels or ()):
                raise UsageError(
                    f"there is no gesture {self.rest!r}", f"gestures are: {', '.join(labels or ())}"
                )
            rest = list(labels or ()).index(self.rest)
        if rest is None and self.onset_mv > 0:
            raise UsageError(
                "onset_mv makes quiet windows mean rest, and no class means rest",
                "name the class with rest, or leave onset_mv out",
            )
        slow, fast = self.velocity_mv or (0.0, 0.0)
        return Resolved(
            vote=self.vote,
            confirm=self.confirm,
            confidence=round(self.confidence * CERTAIN),
            minimum_samples=samples_of(self.minimum_ms, sample_rate_hz),
            hold_samples=samples_of(self.hold_ms, sample_rate_hz),
            rest=rest,
            onset_mv=np.float32(self.onset_mv),
            slow_mv=np.float32(slow),
            per_mv=np.float32(CERTAIN / (fast - slow) if self.velocity_mv else 0.0),
        )


def _rules(wanted: Rules) -> Iterator[tuple[bool, str]]:
    yield not 1 <= wanted.vote <= MOST_VOTES, f"vote must be 1 to {MOST_VOTES} windows, it is {wanted.vote}"
    yield not 1 <= wanted.confirm <= 1000, f"confirm must be 1 to 1000 windows, it is {wanted.confirm}"
    yield not 0 <= wanted.confidence < 1, f"confidence must be from 0 to below 1, it is {wanted.confidence}"
    for name in ("minimum_ms", "hold_ms"):
        value = getattr(wanted, name)
        yield not 0 <= value <= _LONGEST_MS, f"{name} must be 0 to {_LONGEST_MS:g}, it is {value}"
    yield not 0 <= wanted.onset_mv <= 1e6, f"onset_mv must be 0 to 1e6, it is {wanted.onset_mv}"
    span = wanted.velocity_mv
    wrong = span is not None and not (0 <= span[0] <= span[1] - 1e-9 and span[1] <= 1e6)
    yield wrong, f"velocity_mv must rise from 0 or more, it is {span}"


def read_rules(text: str) -> Rules:
    """The rules in a TOML file, or in `field=value` pairs between commas. Raises InputError."""
    if text.endswith(".toml"):
        return Rules.from_dict(bounded.toml(Path(text), _HINT), text)
    try:
        return Rules.from_dict(tomllib.loads(f"rules = {{{text}}}")["rules"], "decisions")
    except (ValueError, RecursionError):
        raise InputError(
            f"decisions: {text!r:.80} is neither a .toml file nor field=value between commas",
            "such as vote=5,confidence=0.7",
        ) from None


@dataclass(frozen=True)
class Resolved:
    """Rules as the arithmetic takes them. confidence: thousandths. per_mv: velocity's thousandths in a millivolt
    above slow_mv."""

    vote: int
    confirm: int
    confidence: int
    minimum_samples: int
    hold_samples: int
    rest: int | None
    onset_mv: np.float32
    slow_mv: np.float32
    per_mv: np.float32


@dataclass(frozen=True)
class Confidence:
    """The softmax of the largest output, in thousandths, from a table of shares of it.

    shares: (256,) uint16, of an output that is `index / step` below the largest; None where outputs are
    probabilities themselves, `step` thousandths each above `zero`.
    """

    shares: NDArray[np.uint16] | None
    step: np.float32
    zero: np.float32

    @classmethod
    def of(cls, dtype: str, scale: float, zero_point: int = 0, probabilities: bool = False) -> Confidence:
        """For outputs of that type. Those of more than 8 bits are taken in sixteenths of a natural unit."""
        if probabilities:
            unit = scale if dtype != "float32" else 1.0
            return cls(None, np.float32(CERTAIN * unit), np.float32(zero_point))
        unit, step = 1 / _STEPS, float(_STEPS)
        if dtype == "int8":
            unit, step = scale, 1.0
        elif dtype != "float32":
            step = _STEPS * scale
        shares = np.round(_WHOLE * np.exp(-unit * np.arange(_SHARES))).astype(np.uint16)
        return cls(shares, np.float32(step), np.float32(0))

    def __call__(self, outputs: NDArray[Any]) -> tuple[int, int] | None:
        """(K,) outputs -> the class of the largest, the first on a tie, and its confidence; None where one is no
        finite number."""
        x = np.asarray(outputs).ravel().astype(np.float32)
        if not np.isfinite(x).all():
            return None
        best = int(np.argmax(x))
        with np.errstate(over="ignore"):
            if self.shares is None:
                part = (x[best] - self.zero) * self.step
                return best, int(min(max(part, np.float32(0)), np.float32(CERTAIN)))
            places = np.minimum((x[best] - x) * self.step, np.float32(_SHARES - 1)).astype(np.int64)
        return best, CERTAIN * int(self.shares[0]) // int(self.shares[places].sum(dtype=np.int64))


@dataclass(frozen=True)
class Decision:
    """gesture: a class; None for rest, where no class says so. unsure: nothing was decided for longer than a
    decision is held. rejected: this window's confidence was too small. confidence, velocity: of this window, in
    thousandths, 0 where it has none."""

    gesture: int | None
    unsure: bool
    rejected: bool = False
    confidence: int = 0
    velocity: int = 0


class Vote:
    """The most frequent class of the last `count`; on a tie the one seen last."""

    def __init__(self, count: int) -> None:
        self._last: deque[int] = deque(maxlen=count)

    def __call__(self, gesture: int) -> int:
        self._last.append(gesture)
        counts = Counter(self._last)
        most = max(counts.values())
        return next(seen for seen in reversed(self._last) if counts[seen] == most)

    def forget(self) -> None:
        """Begin anew."""
        self._last.clear()


class Decider:
    """Decisions of windows in order. voted: what the last votes came to, None while nothing was decided."""

    def __init__(self, rules: Resolved) -> None:
        self._rules = rules
        self._vote = Vote(rules.vote)
        self._held: int | None = None
        self._decided = self._changed = 0
        self._candidate: int | None = None
        self._agreed = 0
        self.voted: int | None = None

    def __call__(self, end: int, found: tuple[int, int] | None, amplitude: float = 0.0) -> Decision:
        """end: the window's last sample, counted from the first; found: its class and confidence, None where it
        decides nothing; amplitude: in millivolts, single precision."""
        rules = self._rules
        gesture, confidence = found if found is not None else (None, 0)
        if found is not None and rules.onset_mv > 0 and np.float32(amplitude) < rules.onset_mv:
            gesture, confidence = rules.rest, CERTAIN
        rejected = gesture is not None and confidence < rules.confidence
        if gesture is not None and not rejected:
            self._follow(end, gesture)
        else:
            self.voted = None
        velocity = 0 if found is None else self._velocity(amplitude)
        if self._held is None or end - self._decided > rules.hold_samples:
            self._forget(gesture is None or rejected)
            return Decision(rules.rest, True, rejected, confidence, 0)
        return Decision(self._held, False, rejected, confidence, velocity)

    def _follow(self, end: int, gesture: int) -> None:
        winner = self.voted = self._vote(gesture)
        self._agreed = self._agreed + 1 if winner == self._candidate else 1
        self._candidate = winner
        waits = self._held is not None and end - self._changed < self._rules.minimum_samples
        if winner != self._held and self._agreed >= self._rules.confirm and not waits:
            self._held, self._changed = winner, end
        self._decided = end

    def _forget(self, everything: bool) -> None:
        self._held = None
        if everything:
            self._vote.forget()
            self._candidate, self._agreed = None, 0

    def _velocity(self, amplitude: float) -> int:
        rules = self._rules
        part = (np.float32(amplitude) - rules.slow_mv) * rules.per_mv
        return int(min(max(part, np.float32(0)), np.float32(CERTAIN)))


def amplitudes(signal: Single, window: int, stride: int, block: int) -> Single:
    """(S, E) filtered samples -> (N,) the mean of their absolute values over each window, in millivolts.

    block: samples that are added up at once, see `imaging.block_samples`.
    """
    whole = len(signal) // block * block
    rows = np.abs(signal[:whole]).reshape(-1, block * signal.shape[1])
    blocks: Single = np.add.accumulate(rows, axis=1, dtype=np.float32)[:, -1]
    starts = np.arange(0, len(signal) - window + 1, stride) // block
    total = np.zeros(len(starts), np.float32)
    for k in range(window // block):
        total += blocks[starts + k]
    result: Single = total / np.float32(window * signal.shape[1])
    return result


def rest_class(labels: Sequence[str] | None) -> int | None:
    """The class that is named as rest usually is; None where there is none."""
    names = [" ".join(name.lower().replace("_", " ").replace("-", " ").split()) for name in labels or ()]
    return next((names.index(word) for word in _REST if word in names), None)


def samples_of(milliseconds: float, sample_rate_hz: float) -> int:
    """Milliseconds in sampling intervals, rounded down: at most so long."""
    return int(milliseconds * sample_rate_hz / 1000)
