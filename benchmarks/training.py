"""Seconds of one epoch: all windows as one tensor, against a loop that loads sample by sample.

    .venv/bin/python benchmarks/training.py [windows]

The loop does what the published HD-sEMG script does for each sample: standardise it by itself, give it its
shape, convert it, and let a loader put batches together. Both train MobileNetV2 of width 0.2 on the same windows
with the same batch size, one after the other in one run.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from emgdeploy.nets import registry
from emgdeploy.nets.train import TrainSettings, fit, seed_everything, training_device

SHAPE, CLASSES, BATCH = (1, 8, 24), 8, 1000


class OneByOne(Dataset[tuple[NDArray[np.float32], int]]):
    """Samples as they are in memory, each made into an image when it is asked for."""

    def __init__(self, samples: NDArray[np.float64], classes: NDArray[np.int64]) -> None:
        self.samples, self.classes = samples, classes

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], int]:
        sample = self.samples[index]
        image = ((sample - sample.mean()) / sample.std()).reshape(SHAPE)
        return image.astype(np.float32), int(self.classes[index])


def loop_seconds(samples: NDArray[np.float64], classes: NDArray[np.int64], workers: int) -> float:
    """One epoch of the loop."""
    seed_everything(1)
    device = training_device()
    network = registry.new("mobilenetv2", SHAPE, CLASSES, 0.2).to(device).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-4, weight_decay=3e-4)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    loader = DataLoader(OneByOne(samples, classes), BATCH, shuffle=True, num_workers=workers)
    started, right = time.perf_counter(), 0
    for images, wanted in loader:
        x, y = images.to(device), wanted.to(device)
        optimizer.zero_grad()
        logits = network(x)
        loss = loss_of(logits, y)
        loss.backward()
        optimizer.step()
        right += int((logits.argmax(1) == y).sum())
    return time.perf_counter() - started


def tensor_seconds(samples: NDArray[np.float64], classes: NDArray[np.int64]) -> float:
    """One epoch of ours, the standardising of all windows and the settling of batch norms included."""
    seed_everything(1)
    network = registry.new("mobilenetv2", SHAPE, CLASSES, 0.2)
    started = time.perf_counter()
    mean, deviation = samples.mean(axis=1, keepdims=True), samples.std(axis=1, keepdims=True)
    images = ((samples - mean) / deviation).reshape(-1, *SHAPE).astype(np.float32)
    fit(network, images, classes, TrainSettings(epochs=1, batch_size=BATCH, learning_rate=3e-4))
    return time.perf_counter() - started


def main(windows: int) -> None:
    """Print both, each after a short run that warms up libraries and device."""
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(windows, int(np.prod(SHAPE))))
    classes = rng.integers(0, CLASSES, windows)
    few = slice(0, 2 * BATCH)
    loop_seconds(samples[few], classes[few], 0)
    tensor_seconds(samples[few], classes[few])
    loops = {workers: loop_seconds(samples, classes, workers) for workers in (0, 4)}
    ours = tensor_seconds(samples, classes)
    print(f"{windows:,} windows, {training_device()}, {torch.get_num_threads()} threads")
    for workers, seconds in loops.items():
        print(
            f"sample by sample, {workers} workers: {seconds:8.2f} s per epoch, {seconds / ours:.1f} x one tensor"
        )
    print(f"one tensor:                  {ours:8.2f} s per epoch")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
