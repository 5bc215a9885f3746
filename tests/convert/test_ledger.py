"""The drift ledger: what its rows say, and which drift stops a conversion."""

from __future__ import annotations

import numpy as np
import pytest

from emgdeploy.convert.ledger import DriftError, Gates, Ledger, as_dicts, lost_accuracy, relative_error
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
        {
            "stage": "onnx",
            "max_abs_diff": 0.0,
            "top1_agreement": 1.0,
            "accuracy": None,
            "logits_error": None,
        }
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
    ledger = Ledger(Gates(int8_logits=9), None)
    ledger.add_float("onnx", LOGITS)
    with pytest.raises(DriftError, match=r"agreement 89.50% is below 90.00%"):
        ledger.add_int8("tflite-int8", flipped(21))


def test_int8_that_costs_accuracy_fails() -> None:
    ledger = Ledger(Gates(int8_logits=9), LABELS)
    ledger.add_float("onnx", LOGITS)
    with pytest.raises(DriftError, match=r"costs 5.00 points of accuracy, with 95 % .* at least 2.46 on 200"):
        ledger.add_int8("tflite-int8", flipped(10))


@pytest.mark.parametrize("count", [0, 2, 3])
def test_a_loss_that_so_few_windows_cannot_show_passes(count: int) -> None:
    """Two of 140 windows are 1.4 points, and say nothing about one point."""
    labels = LABELS[:140]
    ledger = Ledger(Gates(int8_logits=9), labels)
    ledger.add_float("onnx", LOGITS[:140])
    ledger.add_int8("tflite-int8", flipped(count)[:140])
    assert ledger.rows[-1].accuracy == 1 - count / 140


def test_the_bound_of_a_loss_is_that_of_paired_shares() -> None:
    before, after = np.arange(400) < 380, (np.arange(400) < 370) & (np.arange(400) != 5)
    loss, surely = lost_accuracy(before, after)
    assert loss == pytest.approx(11 / 400)
    assert surely == pytest.approx(11 / 400 - 1.645 * np.sqrt(11 - 11**2 / 400) / 400)
    assert lost_accuracy(before, before) == (0.0, 0.0)


def test_logits_without_classes_are_held_to_their_error() -> None:
    """One output, as of a regression: its class is always the same."""
    ledger = Ledger(Gates(), None)
    ledger.add_float("onnx", LOGITS[:, :1])
    noise = np.random.default_rng(3).normal(size=(200, 1)).astype(np.float32)
    with pytest.raises(DriftError, match=r"error of its logits is 0\.\d+ of their spread") as caught:
        ledger.add_int8("tflite-int8", LOGITS[:, :1] + noise * np.float32(0.8))
    assert caught.value.ledger[-1].top1_agreement == 1.0
    assert "--gate-logits" in caught.value.hint


def test_an_error_is_relative_to_what_windows_differ_by() -> None:
    constant = np.tile(np.arange(5, dtype=np.float32), (200, 1))
    assert relative_error(constant + np.float32(1), constant) is None
    assert relative_error(LOGITS, LOGITS) == 0
    deviation = LOGITS - LOGITS.mean(axis=0)
    assert relative_error(
        LOGITS + np.float32(20) + deviation / np.float32(4), LOGITS + np.float32(20)
    ) == pytest.approx(0.25, rel=1e-3)


def test_simulated_windows_only_tell_a_broken_conversion() -> None:
    gates = Gates(int8_logits=9).for_simulated()
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
