"""Seconds of one epoch: all windows as one tensor, against a loop that loads sample by sample.

    .venv/bin/python benchmarks/training.py [windows] [epochs]

The loop does what the published HD-sEMG script does. Recordings lie in memory as float64; each sample is
standardised by itself, reshaped and converted when the loader asks for it; the loader shuffles and puts batches of
1,000 together, in the process itself or in four workers that start anew with each epoch; AdamW, label smoothing,
right answers counted after each step. After each epoch the script also tests on the other side of its split, which
with one fold has as many samples as the training side: the loop is timed with and without. Ours makes windows from
the same samples, trains on them and settles batch norms, all of which counts.

Both train MobileNetV2 of width 0.2 on the same windows with the same batch size and number of threads (OMP_NUM_THREADS),
one after the other in one run, each in a process of its own. The published settings of this width are 4 workers and
5 epochs. The loop's network is the same with convolutions as PyTorch has them, which is
what the script has; it is timed with the layers of ours (nets/layers.py) as well.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader, Dataset

from emgdeploy.nets import registry
from emgdeploy.nets.layers import Depthwise, Pointwise
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


def loop_seconds(
    samples: NDArray[np.float64],
    classes: NDArray[np.int64],
    workers: int,
    epochs: int,
    our_layers: bool = False,
) -> tuple[float, float]:
    """An epoch's training, and its test on as many samples. The script asks for no repeatable arithmetic."""
    torch.manual_seed(1)
    torch.use_deterministic_algorithms(False)
    device = training_device()
    network = registry.new("mobilenetv2", SHAPE, CLASSES, 0.2).to(device)
    if not our_layers:
        _as_pytorch_has_them(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-4, weight_decay=3e-4)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    data = OneByOne(samples, classes)
    training = DataLoader(data, BATCH, shuffle=True, num_workers=workers)
    testing = DataLoader(data, BATCH, num_workers=workers)
    trained = tested = 0.0
    for _ in range(epochs):
        started = time.perf_counter()
        network.train()
        for images, wanted in training:
            optimizer.zero_grad()
            logits = network(images.to(device))
            loss = loss_of(logits, wanted.to(device))
            loss.backward()
            optimizer.step()
            _right(logits, wanted)
        trained += time.perf_counter() - started
        started = time.perf_counter()
        network.eval()
        with torch.no_grad():
            for images, wanted in testing:
                _right(network(images.to(device)), wanted)
        tested += time.perf_counter() - started
    return trained / epochs, tested / epochs


def _as_pytorch_has_them(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, Depthwise | Pointwise):
            module.__class__ = nn.Conv2d


def _right(logits: torch.Tensor, wanted: torch.Tensor) -> int:
    """Counted after each batch, as the script does; a GPU is waited for here."""
    return int((logits.argmax(1).cpu() == wanted).sum())


def tensor_seconds(samples: NDArray[np.float64], classes: NDArray[np.int64], epochs: int) -> float:
    """One of `epochs` epochs of ours, with its share of what is done once."""
    seed_everything(1)
    network = registry.new("mobilenetv2", SHAPE, CLASSES, 0.2)
    started = time.perf_counter()
    mean, deviation = samples.mean(axis=1, keepdims=True), samples.std(axis=1, keepdims=True)
    images = ((samples - mean) / deviation).reshape(-1, *SHAPE).astype(np.float32)
    fit(network, images, classes, TrainSettings(epochs=epochs, batch_size=BATCH, learning_rate=3e-4))
    return (time.perf_counter() - started) / epochs


def main(windows: int, epochs: int) -> None:
    """Print all, each in a process of its own, after a short run that warms up libraries and device."""
    print(f"{windows:,} windows, {epochs} epochs, {training_device()}, {torch.get_num_threads()} threads")
    ours, _ = _alone("tensor", windows, epochs)
    print(f"one tensor:                  {ours:8.2f} s per epoch", flush=True)
    for what in ("0 workers", "4 workers", "our layers"):
        trained, tested = _alone(what, windows, epochs)
        print(
            f"sample by sample, {what:10}: {trained:8.2f} s per epoch, {trained / ours:.1f} x one tensor; "
            f"with its test {trained + tested:.2f} s, {(trained + tested) / ours:.1f} x",
            flush=True,
        )


def _alone(what: str, windows: int, epochs: int) -> tuple[float, float]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_seconds, what, windows, epochs).result()


def _seconds(what: str, windows: int, epochs: int) -> tuple[float, float]:
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(windows, int(np.prod(SHAPE))))
    classes = rng.integers(0, CLASSES, windows)
    if what == "tensor":
        tensor_seconds(samples[:BATCH], classes[:BATCH], 1)
        return tensor_seconds(samples, classes, epochs), 0.0
    workers, our_layers = 4 if what == "4 workers" else 0, what == "our layers"
    loop_seconds(samples[:BATCH], classes[:BATCH], 0, 1)
    return loop_seconds(samples, classes, workers, epochs, our_layers)


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*given[:2], *(20_000, 5)[len(given) :])
