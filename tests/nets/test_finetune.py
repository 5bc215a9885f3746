"""Training on from a checkpoint: what is kept is kept to the bit, what cannot be said so is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets import registry, train
from emgdeploy.nets.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from emgdeploy.nets.finetune import is_kept, preprocess_of, start_from
from emgdeploy.signals import Preprocess

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
