"""Training on from a checkpoint: what is kept is kept to the bit, what cannot be said so is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emgdeploy.cli.console import Console
from emgdeploy.cli.trainreport import show_old_data
from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets import evaluation, experiment, registry, results, train
from emgdeploy.nets.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from emgdeploy.nets.finetune import is_kept, old_windows, preprocess_of, start_from
from emgdeploy.signals import Preprocess, windowfile
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.windowfile import Windows
from support.inputs.toy_dataset import toy_dataset, toy_preprocess

LABELS = ("a", "b", "c")
SHAPE = (1, 6, 20)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    torch.manual_seed(1)
    how = Preprocess(200.0, (1, 6), tuple(range(6)), 100.0, 50.0, image="stacked", frames=20, layout="raster")
    save_checkpoint(tmp_path / "a.pt", registry.new("bandnet", SHAPE, 3, 0.2), LABELS, how, {})
    return load_checkpoint(tmp_path / "a.pt")


def tuned(network: torch.nn.Module) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(24, *SHAPE)).astype(np.float32), rng.integers(0, 3, 24)
    train.fit(network, x, y, train.TrainSettings(epochs=1, batch_size=8))


def test_first_layers_keep_weights_and_statistics_and_the_rest_learns(checkpoint: Checkpoint) -> None:
    network = start_from(checkpoint, LABELS, freeze=2)
    assert [name for name, m in network.named_modules() if is_kept(m)] == [
        "bands.conv", "bands.bn", "neighbours.conv", "neighbours.bn",
    ]  # fmt: skip
    tuned(network)
    before, after = checkpoint.network.state_dict(), network.state_dict()
    for key, value in before.items():
        kept = key.startswith(("bands.", "neighbours."))
        if kept or value.is_floating_point():
            assert torch.equal(value, after[key]) == kept, key


def test_the_checkpoint_itself_is_left_alone(checkpoint: Checkpoint) -> None:
    before = {key: value.clone() for key, value in checkpoint.network.state_dict().items()}
    tuned(start_from(checkpoint, LABELS, freeze=0))
    for key, value in checkpoint.network.state_dict().items():
        assert torch.equal(value, before[key])


def test_other_gestures_and_too_many_kept_layers_are_refused(checkpoint: Checkpoint) -> None:
    with pytest.raises(InputError, match="the data have x, y"):
        start_from(checkpoint, ("x", "y"), freeze=0)
    with pytest.raises(UsageError, match="leaves nothing to train"):
        start_from(checkpoint, LABELS, freeze=6)


def test_normalisation_is_the_checkpoints(checkpoint: Checkpoint) -> None:
    assert preprocess_of(checkpoint, "a.pt") is checkpoint.preprocess


def test_the_old_windows_are_those_beside_the_checkpoint(checkpoint: Checkpoint, tmp_path: Path) -> None:
    path, draw = tmp_path / "a.pt", np.random.default_rng(1)
    assert old_windows(path, checkpoint) is None
    x = draw.normal(size=(6, *SHAPE)).astype(np.float32)
    for windows, fits in (
        (Windows(x, np.arange(6) % 3, LABELS), True),
        (Windows(x, np.arange(6) % 3, ("a", "b", "d")), False),
        (Windows(x, None, LABELS), False),
        (Windows(x[:, :, :5], np.arange(6) % 3, LABELS), False),
    ):
        windowfile.save(tmp_path / "test.npz", windows)
        assert (old_windows(path, checkpoint) is not None) == fits


def test_what_is_forgotten_is_counted_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(3)
    task = experiment.prepare(DataChoice("toy"), toy_dataset(), toy_preprocess())
    first = experiment.run(task, experiment.Model("mlp"), train.TrainSettings(epochs=2))
    start = Checkpoint(
        first.network, "mlp", task.preprocess.input_shape, task.dataset.labels, task.preprocess, "0", {}
    )
    y = np.roll(np.arange(3), 1)[evaluation.classes_of(task.train)]
    other = replace(task, train=Windows(task.train.x, y, task.dataset.labels))  # gestures by other names
    tuned = experiment.run(
        other,
        experiment.Model("mlp", 1.0, start, 0, task.test),
        train.TrainSettings(epochs=30, learning_rate=0.01),
    )
    old = results.metrics(tuned)["old_data"]
    assert (
        old["windows"] == len(task.test)
        and old["accuracy_before"] == first.score.accuracy > old["accuracy"] + 0.1
    )
    console = Console()
    show_old_data(old, console)
    show_old_data({**old, "accuracy": old["accuracy_before"]}, console)
    assert capsys.readouterr().err.count("it has forgotten") == 1
    assert results.metrics(first)["old_data"] is None
