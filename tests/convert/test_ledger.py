"""The drift ledger: what its rows say, and which drift stops a conversion."""

from __future__ import annotations

import numpy as np
import pytest

from emgdeploy.convert.ledger import DriftError, Gates, Ledger, as_dicts
from emgdeploy.errors import GateFailed, InputError

LOGITS = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
LABELS = LOGITS.argmax(axis=1)


def flipped(count: int) -> np.ndarray:
    """The logits with another winner in the first `count` windows."""
    changed = LOGITS.copy()
    changed[:count] = -changed[:count]
    return changed


def test_rows_compare_with_the_stage_before() -> None:
    ledger = Ledger(Gates(), LABELS)
    ledger.add_float("pytorch", LOGITS)
    ledger.add_float("onnx", LOGITS + np.float32(1e-5))
    ledger.add_int8("tflite-int8", flipped(1))
    first, second, third = ledger.rows
    assert (first.max_abs_diff, first.top1_agreement, first.accuracy) == (0.0, 1.0, 1.0)
    assert 0 < second.max_abs_diff < 2e-5
    assert third.top1_agreement == third.accuracy == 0.995
    assert third.max_abs_diff == pytest.approx(2 * np.abs(LOGITS[0]).max(), rel=1e-3)


def test_accuracy_is_none_without_labels() -> None:
    ledger = Ledger(Gates(), None)
    ledger.add_float("onnx", LOGITS)
    assert as_dicts(ledger.rows) == [
        {"stage": "onnx", "max_abs_diff": 0.0, "top1_agreement": 1.0, "accuracy": None}
    ]


def test_a_float_stage_that_differs_too_much_fails_and_shows_its_row() -> None:
    ledger = Ledger(Gates(), None)
    ledger.add_float("pytorch", LOGITS)
    with pytest.raises(DriftError, match="stage onnx drifted: its logits differ") as caught:
        ledger.add_float("onnx", LOGITS + np.float32(0.01))
    assert isinstance(caught.value, GateFailed)
    assert caught.value.exit_code == 1
    assert [row.stage for row in caught.value.ledger] == ["pytorch", "onnx"]


def test_a_stage_that_makes_no_numbers_fails() -> None:
    ledger = Ledger(Gates(), None)
    ledger.add_float("pytorch", LOGITS)
    with pytest.raises(DriftError):
        ledger.add_float("onnx", LOGITS * np.float32(np.nan))


def test_int8_that_loses_classes_fails() -> None:
    ledger = Ledger(Gates(), None)
    ledger.add_float("onnx", LOGITS)
    with pytest.raises(DriftError, match=r"agreement 89.50% is below 90.00%"):
        ledger.add_int8("tflite-int8", flipped(21))


def test_int8_that_costs_accuracy_fails() -> None:
    ledger = Ledger(Gates(), LABELS)
    ledger.add_float("onnx", LOGITS)
    with pytest.raises(DriftError, match=r"accuracy 98.50% is below 99.00%"):
        ledger.add_int8("tflite-int8", flipped(3))


def test_simulated_windows_only_tell_a_broken_conversion() -> None:
    gates = Gates().for_simulated()
    ledger = Ledger(gates, None)
    ledger.add_float("onnx", LOGITS)
    ledger.add_int8("tflite-int8", flipped(99))
    assert Gates(int8_agreement=0.3).for_simulated().int8_agreement == 0.3


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_network_that_answers_no_numbers_is_refused(value: float) -> None:
    logits = LOGITS.copy()
    logits[3, 0] = value
    with pytest.raises(InputError, match=r"1 of 200 windows with NaN or infinity"):
        Ledger(Gates(), None).add_float("pytorch", logits)
