"""The drift ledger: what each stage of the way to the device changed, and how much it may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import GateFailed, InputError


@dataclass(frozen=True)
class LedgerRow:
    """One stage beside the stage before it, over the same windows.

    max_abs_diff: largest |difference| of any logit; top1_agreement: share of windows with the same
    class; accuracy: share of labelled windows with the right class, None without labels.
    """

    stage: str
    max_abs_diff: float
    top1_agreement: float
    accuracy: float | None


@dataclass(frozen=True)
class Gates:
    """How far a stage may drift.

    float_diff: for float stages, |difference| of logits as a share of the largest |logit| (or of 1,
        whichever is more): what summing in another order explains, and hardly more;
    float_agreement: share of windows on which float stages agree on the class;
    int8_agreement: the same for the int8 model, whose rounding may flip near ties;
    int8_accuracy_drop: how much accuracy quantization may cost where there are labels;
    simulated_agreement: int8_agreement where simulated windows stand in for real ones: they lie
        nearer to the borders between the network's classes than what it was trained on, so only a
        broken conversion is told apart.
    """

    float_diff: float = 1e-4
    float_agreement: float = 0.99
    int8_agreement: float = 0.90
    int8_accuracy_drop: float = 0.01
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
            raise self._drifted(row, _too_low("agreement", row.top1_agreement, self._gates.float_agreement))

    def add_int8(self, stage: str, logits: NDArray[np.float32], gated: bool = True) -> None:
        """Note the quantized model's dequantized logits (N, K). Raises DriftError past its gates."""
        before = self._rows[-1].accuracy
        row = self._note(stage, logits)
        if not gated:
            return
        if row.top1_agreement < self._gates.int8_agreement:
            raise self._drifted(row, _too_low("agreement", row.top1_agreement, self._gates.int8_agreement))
        if row.accuracy is not None and before is not None:
            least = before - self._gates.int8_accuracy_drop
            if row.accuracy < least:
                raise self._drifted(row, _too_low("accuracy", row.accuracy, least))

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
        )
        self._rows.append(row)
        self._last = logits
        return row

    def _drifted(self, row: LedgerRow, reason: str) -> DriftError:
        accuracy = "" if row.accuracy is None else f", accuracy {row.accuracy:.2%}"
        return DriftError(
            f"stage {row.stage} drifted: {reason} (max |difference| {row.max_abs_diff:.3g}, "
            f"top-1 agreement {row.top1_agreement:.2%}{accuracy})",
            "calibrate on windows like those the device will see (--calibration), or loosen the gate knowingly",
            self.rows,
        )


def _too_low(what: str, found: float, least: float) -> str:
    return f"{what} {found:.2%} is below {least:.2%}"


def as_dicts(rows: Sequence[LedgerRow]) -> list[dict[str, str | float | None]]:
    """The rows as manifest and JSON reports hold them."""
    return [
        {
            "stage": row.stage,
            "max_abs_diff": row.max_abs_diff,
            "top1_agreement": row.top1_agreement,
            "accuracy": row.accuracy,
        }
        for row in rows
    ]
