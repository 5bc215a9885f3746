"""The linear classifier beside every network: solved exactly, scored on the same windows, kept in the checkpoint."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emgdeploy.errors import UsageError
from emgdeploy.nets import discriminant, evaluation, experiment, features, results
from emgdeploy.nets.baseline import Baseline
from emgdeploy.nets.checkpoint import load_checkpoint
from emgdeploy.nets.experiment import Model
from emgdeploy.nets.train import TrainSettings
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.preprocess import Preprocess
from support.inputs.toy_dataset import toy_dataset, toy_preprocess

CHOICE = DataChoice("toy")


@pytest.fixture(scope="module")
def task() -> experiment.Task:
    return experiment.prepare(CHOICE, toy_dataset(), toy_preprocess())


@given(st.integers(2, 5), st.integers(1, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_without_additions_the_logits_are_the_posteriors_of_gaussians(k: int, d: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    y = np.concatenate([np.full(draw.integers(d + 2, 40), c) for c in range(k)])
    x = draw.normal(size=(len(y), d)) + 3 * draw.normal(size=(k, d))[y]
    found = discriminant.fit(x, y, k, noise=0.0, gain=0.0)
    means = np.array([x[y == c].mean(axis=0) for c in range(k)])
    covariance = np.atleast_2d(
        sum((x[y == c] - means[c]).T @ (x[y == c] - means[c]) for c in range(k)) / len(x)
    )
    log = np.array(
        [
            np.log((y == c).mean()) + stats.multivariate_normal(means[c], covariance).logpdf(x)
            for c in range(k)
        ]
    ).reshape(k, -1)
    logits = found.logits(x).T
    np.testing.assert_allclose(logits - logits[0], log - log[0], rtol=1e-6, atol=1e-6)


def test_a_class_without_windows_is_never_answered() -> None:
    x = np.random.default_rng(1).normal(size=(50, 3))
    found = discriminant.fit(x, np.arange(50) % 2, 4)
    assert set(found.classes(100 * x)) <= {0, 1}
    assert np.isfinite(found.bias).all()


def test_effort_that_moves_all_amplitudes_does_not_decide() -> None:
    """Two classes differ in level along 1 and in shape: with effort expected the shape alone counts."""
    draw = np.random.default_rng(2)
    y = np.arange(400) % 2
    x = draw.normal(scale=0.1, size=(400, 4)) + np.where(y, 1, -1)[:, None] * np.array([0.3, -0.3, 0, 0])
    louder = x + 1.5
    plain = discriminant.fit(x + 0.2 * y[:, None], y, 2, noise=0.1, gain=0.0)
    aware = discriminant.fit(x + 0.2 * y[:, None], y, 2, np.ones(4, bool), noise=0.1, gain=2.0)
    assert (aware.classes(louder) == y).mean() > 0.99
    assert (plain.classes(louder) == y).mean() < 0.8


def test_hudgins_features_by_hand() -> None:
    samples = np.array([[[1.0], [-1.0], [2.0], [2.5], [0.5]]], np.float32)
    value, length, crossings, turns = features.hudgins(samples)[0]
    assert value == pytest.approx(np.log(7.0 / 5 + 1e-6))
    assert length == pytest.approx(np.log((2 + 3 + 0.5 + 2) / 4 + 1e-6))
    assert crossings == pytest.approx(2 / 4) and turns == pytest.approx(2 / 3)


@pytest.mark.parametrize("layout", ["raster", "channels", "column"])
def test_raw_windows_are_read_sample_by_sample_in_every_layout(layout: str) -> None:
    raw = np.random.default_rng(3).normal(size=(64, 2)).astype(np.float32)
    how = Preprocess(1000.0, (1, 2), (0, 1), 64.0, 64.0, "stacked", frames=64, layout=layout)
    windows = how.apply(raw)
    found = features.learn(windows, how)
    assert found.kind == features.HUDGINS
    unscaled = found.of(windows, how) * found.std + found.mean
    np.testing.assert_allclose(unscaled, features.hudgins(raw[None]))


def test_every_training_reports_it_and_eval_finds_it_again(task: experiment.Task, tmp_path: Path) -> None:
    outcome = experiment.run(task, Model("mlp", 1.0), TrainSettings(epochs=1))
    report = results.save(outcome, tmp_path)
    lda = report["baselines"]["lda"]
    assert json.loads((tmp_path / "metrics.json").read_text())["baselines"]["lda"] == lda
    assert lda["features"] == "image" and lda["accuracy"] > 0.5
    checkpoint = load_checkpoint(tmp_path / "checkpoint.pt")
    notes = checkpoint.training["baselines"]["lda"]
    kept = Baseline.from_dict(notes, int(np.prod(checkpoint.input_shape)), len(task.dataset.labels))
    assert kept is not None
    tested = task.test
    again = kept.score(tested.x, evaluation.classes_of(tested), task.preprocess)
    assert again.accuracy == lda["accuracy"]


def test_lda_as_a_network_is_the_baseline(task: experiment.Task) -> None:
    outcome = experiment.run(task, Model("lda", 1.0), TrainSettings())
    report = results.metrics(outcome)
    assert report["epochs"] == 0
    assert report["accuracy"] == report["baselines"]["lda"]["accuracy"]


def test_lda_on_raw_samples_is_refused(task: experiment.Task) -> None:
    raw = dataclasses.replace(toy_preprocess(), image="stacked", frames=50, layout="raster", log_epsilon=None)
    other = experiment.prepare(CHOICE, task.dataset, raw)
    with pytest.raises(UsageError, match="LDA takes images"):
        experiment.run(other, Model("lda", 1.0), TrainSettings())


GOOD = Baseline.of(
    np.random.default_rng(4).normal(size=(20, 1, 2, 2)).astype(np.float32),
    np.arange(20) % 3,
    3,
    Preprocess(1000.0, (2, 2), (0, 1, 2, 3), 100.0, 50.0),
).to_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"weights": [[1.0]]},
        {"weights": "x"},
        {"bias": [0.0]},
        {"features": None},
        {"features": {**GOOD["features"], "kind": "other"}},
        {"features": {**GOOD["features"], "mean": [0.0]}},
        {"features": {**GOOD["features"], "std": "much"}},
    ],
)
def test_damaged_notes_of_a_checkpoint_are_no_baseline(change: dict[str, Any]) -> None:
    assert Baseline.from_dict(GOOD, 4, 3) is not None
    assert Baseline.from_dict({**copy.deepcopy(GOOD), **change}, 4, 3) is None
    assert Baseline.from_dict(GOOD, 4, 2) is None and Baseline.from_dict(None, 4, 3) is None
