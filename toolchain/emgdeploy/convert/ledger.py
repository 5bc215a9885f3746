"""The drift ledger: what each stage of the way to the device changed, and how much it may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import GateFailed, InputError

# Of the largest |logit|: less is rounding of float32.
_NO_SPREAD = 1e-6
# One-sided 95 % of the normal distribution.
_SURE = 1.645


@dataclass(frozen=True)
class LedgerRow:
    """One stage beside the stage before it, over the same windows.

    max_abs_diff: largest |difference| of any logit; top1_agreement: share of windows with the same
    class; accuracy: share of labelled windows with the right class, None without labels; logits_error: see
    `relative_error`, None for the first stage.
    """

    stage: str
    max_abs_diff: float
    top1_agreement: float
    accuracy: float | None
    logits_error: float | None = None


@dataclass(frozen=True)
class Gates:
    """How far a stage may drift.

    float_diff: for float stages, |difference| of logits as a share of the largest |logit| (or of 1,
        whichever is more): what summing in another order explains, and hardly more;
    float_agreement: share of windows on which float stages agree on the class;
    int8_agreement: the same for the int8 model, whose rounding may flip near ties;
    int8_accuracy_drop: how much accuracy quantization may cost where there are labels. It fails only if the
        loss is larger with 95 % confidence, given the number of windows;
    int8_logits: for the int8 model, the logits' error relative to their spread over the windows;
    simulated_agreement: int8_agreement where simulated windows stand in for real ones: they lie
        nearer to the borders between the network's classes than what it was trained on, so only a
        broken conversion is told apart.
    """

    float_diff: float = 1e-4
    float_agreement: float = 0.99
    int8_agreement: float = 0.90
    int8_accuracy_drop: float = 0.01
    int8_logits: float = 0.5
    simulated_agreement: float = 0.50

    def for_simulated(self) -> Gates:
        """The gates to hold simulated windows to."""
        return replace(self, int8_agreement=min(self.int8_agreement, self.simulated_agreement))


class DriftError(GateFailed):
    """A stage drifted past its gate; `ledger` holds the rows up to and with that stage."""

    def __init__(self, message: str, hint: str, ledger: tuple[LedgerRow, ...]) -> None:
        super().__init__(message, hint)
        self.ledger = ledger


class Ledger:
    """Collects rows as the stages run, and stops the first that drifts too far.

    labels: (N,) true classes of the windows, or None.
    """

    def __init__(self, gates: Gates, labels: NDArray[np.int64] | None) -> None:
        self._gates = gates
        self._labels = labels
        self._rows: list[LedgerRow] = []
        self._last: NDArray[np.float32] | None = None

    @property
    def rows(self) -> tuple[LedgerRow, ...]:
        return tuple(self._rows)

    @property
    def last(self) -> NDArray[np.float32] | None:
        """The logits of the latest stage."""
        return self._last

    def add_float(self, stage: str, logits: NDArray[np.float32]) -> None:
        """Note a float stage's logits (N, K). Raises DriftError when it left the stage before it."""
        before = self._last
        row = self._note(stage, logits)
        if before is None:
            return
        allowed = self._gates.float_diff * max(1.0, float(np.abs(before).max()))
        if not row.max_abs_diff <= allowed:
            raise self._drifted(
                row, f"its logits differ by {row.max_abs_diff:.3g}, at most {allowed:.3g} is allowed"
            )
        if row.top1_agreement < self._gates.float_agreement:
            raise self._drifted(row, _too_low(row.top1_agreement, self._gates.float_agreement))

    def add_int8(
        self,
        stage: str,
        logits: NDArray[np.float32],
        gated: bool = True,
        against: NDArray[np.float32] | None = None,
    ) -> None:
        """Note the quantized model's dequantized logits (N, K), compared with those of the stage before or with
        `against`. Raises DriftError past its gates."""
        self._last = self._last if against is None else against
        before = self._last
        row = self._note(stage, logits)
        if not gated or before is None:
            return
        if row.top1_agreement < self._gates.int8_agreement:
            reason = _too_low(row.top1_agreement, self._gates.int8_agreement)
            raise self._drifted(row, reason, "--gate-agreement")
        if row.logits_error is not None and not row.logits_error <= self._gates.int8_logits:
            reason = (
                f"the error of its logits is {row.logits_error:.2g} of their spread over the windows, "
                f"at most {self._gates.int8_logits:.2g} is allowed"
            )
            raise self._drifted(row, reason, "--gate-logits")
        self._check_accuracy(row, before, logits)

    def _check_accuracy(
        self, row: LedgerRow, before: NDArray[np.float32], logits: NDArray[np.float32]
    ) -> None:
        if self._labels is None:
            return
        right = [scores.argmax(axis=1) == self._labels for scores in (before, logits)]
        loss, surely = lost_accuracy(*right)
        allowed = self._gates.int8_accuracy_drop
        if surely > allowed:
            reason = (
                f"int8 costs {100 * loss:.2f} points of accuracy, with 95 % confidence at least "
                f"{100 * surely:.2f} on {len(logits)} windows; at most {100 * allowed:.2f} is allowed"
            )
            raise self._drifted(row, reason, "--gate-accuracy-drop")

    def _note(self, stage: str, logits: NDArray[np.float32]) -> LedgerRow:
        broken = int((~np.isfinite(logits)).any(axis=1).sum())
        if broken and self._last is None:
            raise InputError(
                f"{stage}: the network answers {broken} of {len(logits)} windows with NaN or infinity, which is no class",
                "train it again with a lower learning rate, or look for NaN in its weights and in the windows",
            )
        before = logits if self._last is None else self._last
        classes = logits.argmax(axis=1)
        accuracy = None if self._labels is None else float((classes == self._labels).mean())
        row = LedgerRow(
            stage,
            float(np.abs(logits.astype(np.float64) - before).max()),
            float((classes == before.argmax(axis=1)).mean()),
            accuracy,
            None if self._last is None else relative_error(logits, before),
        )
        self._rows.append(row)
        self._last = logits
        return row

    def _drifted(self, row: LedgerRow, reason: str, option: str | None = None) -> DriftError:
        accuracy = "" if row.accuracy is None else f", accuracy {row.accuracy:.2%}"
        return DriftError(
            f"stage {row.stage} drifted: {reason} (max |difference| {row.max_abs_diff:.3g}, "
            f"top-1 agreement {row.top1_agreement:.2%}{accuracy})",
            "report the network to this project: a float stage should change nothing"
            if option is None
            else "calibrate on windows like those the device will see (--calibration), "
            f"or loosen the gate knowingly ({option})",
            self.rows,
        )


def _too_low(found: float, least: float) -> str:
    return f"agreement {found:.2%} is below {least:.2%}"


def relative_error(logits: NDArray[np.float32], exact: NDArray[np.float32]) -> float | None:
    """The root mean square of the difference of logits (N, K), divided by that of the exact ones' deviation from
    their own means over the windows: 1 where as much is wrong as the windows differ by.

    None where the exact ones are the same on all windows.
    """
    exact = exact.astype(np.float64)
    spread = float(np.sqrt(((exact - exact.mean(axis=0)) ** 2).mean()))
    if not spread > _NO_SPREAD * max(float(np.abs(exact).max()), _NO_SPREAD):
        return None
    return float(np.sqrt(((logits - exact) ** 2).mean())) / spread


def lost_accuracy(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> tuple[float, float]:
    """(accuracy lost, what is lost at least with 95 % confidence) of the same windows (N,), each right or wrong.

    The bound is that of the difference of paired shares in the normal approximation (A. Agresti, "Categorical
    Data Analysis", 11.1): it knows windows of one trial as independent, which they are not, and is the milder for it.
    """
    change = before.astype(np.float64) - after
    loss = float(change.mean())
    return loss, loss - _SURE * float(change.std()) / len(change) ** 0.5


def as_dicts(rows: Sequence[LedgerRow]) -> list[dict[str, str | float | None]]:
    """The rows as manifest and JSON reports hold them."""
    return [
        {
            "stage": row.stage,
            "max_abs_diff": row.max_abs_diff,
            "top1_agreement": row.top1_agreement,
            "accuracy": row.accuracy,
            "logits_error": row.logits_error,
        }
        for row in rows
    ]
