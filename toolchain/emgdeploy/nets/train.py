"""Training a network on windows that fit into memory as one tensor."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emgdeploy import optional
from emgdeploy.errors import GateFailed, UsageError
from emgdeploy.nets.finetune import is_kept

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

# Batch-norm statistics and Adam's moments mean nothing in the first steps; full steps then cost accuracy.
WARM_UP_SHARE = 0.1
# Called after every batch with the batches done in all epochs and the mean loss of the current one.
OnBatch = Callable[[int, float], None]


@dataclass(frozen=True)
class TrainSettings:
    """AdamW, a short warm-up and a cosine schedule, windows varied a little each time they are seen.

    t_max: epochs until the learning rate has fallen to zero, `epochs` where None; noise: deviation of what is
    added to every pixel; gain: deviation of the effort by which whole windows vary (in a log image a shift,
    elsewhere a factor of its exponential), both in units of the normalised image; seed: of the weights, the
    order of windows and everything else that is drawn.
    """

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 3e-4
    label_smoothing: float = 0.1
    t_max: int | None = None
    noise: float = 0.2
    gain: float = 0.4
    seed: int = 1

    def __post_init__(self) -> None:
        wrong = [
            name
            for name, good in (
                ("epochs", self.epochs >= 1),
                ("batch_size", self.batch_size >= 2),
                ("learning_rate", 0 < self.learning_rate < 10),
                ("weight_decay", 0 <= self.weight_decay < 10),
                ("label_smoothing", 0 <= self.label_smoothing < 1),
                ("t_max", self.t_max is None or self.t_max >= 1),
                ("noise", 0 <= self.noise <= 10),
                ("gain", 0 <= self.gain <= 10),
                ("seed", 0 <= self.seed < 2**63),
            )
            if not good
        ]
        if wrong:
            raise UsageError(
                f"training with {wrong[0]} = {getattr(self, wrong[0])} makes no sense",
                "see --help for its range",
            )

    def batches(self, windows: int) -> int:
        """Batches in one epoch; none is left with a single window, which batch norm cannot use."""
        return max(1, min(windows // 2, -(-windows // self.batch_size)))

    def rate_at(self, epoch: float) -> float:
        """Share of `learning_rate` at a point in time, counted in epochs from the start."""
        warm_up = WARM_UP_SHARE * self.epochs
        cosine = 0.5 * (1 + math.cos(math.pi * epoch / (self.t_max or self.epochs)))
        return min(1.0, (epoch + 0.02 * warm_up) / warm_up) * cosine


@dataclass(frozen=True)
class Trained:
    """seconds_per_epoch: mean wall time; losses: mean training loss of each epoch."""

    seconds_per_epoch: float
    losses: tuple[float, ...]


def seed_everything(seed: int) -> None:
    """Make what follows repeatable on this machine: weights, order, arithmetic."""
    torch = optional.load("torch", extra="train")
    # What cuBLAS needs to add in the same order each time; read when it starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)


def fit(
    network: nn.Module,
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    settings: TrainSettings,
    on_batch: OnBatch | None = None,
    log_image: bool = False,
) -> Trained:
    """Train `network` in place on windows x (N, C, H, W) and classes y (N,).

    log_image: whether the windows are logarithms, which decides how a change of effort looks. Call `seed_everything` before making the network. Raises UsageError for fewer than two windows and
    GateFailed when the loss stops being a number.
    """
    import torch

    if len(x) < 2:
        raise UsageError(f"training needs at least two windows, there is {len(x)}", "record or simulate more")
    device = training_device()
    network.to(device)
    windows = torch.from_numpy(np.ascontiguousarray(x)).to(device)
    classes = torch.from_numpy(y.astype(np.int64)).to(device)
    optimizer = torch.optim.AdamW(
        [p for p in network.parameters() if p.requires_grad],
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
    )
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing)
    draw = torch.Generator().manual_seed(settings.seed)
    batches = settings.batches(len(x))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: settings.rate_at(step / batches))
    started, losses = time.perf_counter(), []
    to_training(network)
    for epoch in range(settings.epochs):
        total = 0.0
        for index, chosen in enumerate(torch.tensor_split(torch.randperm(len(x), generator=draw), batches)):
            optimizer.zero_grad(set_to_none=True)
            varied = _varied(windows[chosen], settings, log_image, draw)
            loss = loss_of(network(varied), classes[chosen])
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
            if on_batch is not None:
                on_batch(epoch * batches + index + 1, total / (index + 1))
        if not np.isfinite(total):
            raise GateFailed(f"the loss is not a number after epoch {epoch + 1}", "lower --learning-rate")
        losses.append(total / batches)
    _settle_batch_norms(network, windows, settings.batch_size, draw)
    network.to("cpu")
    return Trained((time.perf_counter() - started) / settings.epochs, tuple(losses))


def training_device() -> str:
    """Where networks are trained: the GPU where there is one."""
    torch = optional.load("torch", extra="train")
    return "cuda" if torch.cuda.is_available() else "cpu"


def to_training(network: nn.Module) -> None:
    """Training mode, but for layers whose weights are kept: their statistics are kept too."""
    network.train()
    for module in network.modules():
        if is_kept(module):
            module.eval()


def _settle_batch_norms(network: nn.Module, windows: Tensor, batch_size: int, draw: Generator) -> None:
    """Measure every batch norm's mean and variance anew over all training windows.

    The running values lag behind the weights by tens of steps, which on a small data set is most of training
    (Wu and Johnson, "Rethinking 'Batch' in BatchNorm", 2021).
    """
    import torch

    norms = [
        m
        for m in network.modules()
        if isinstance(m, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d) and not is_kept(m)
    ]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # None: the mean over everything seen since the reset
    to_training(network)
    with torch.no_grad():
        # Drawn at random as in training: neighbours are alike, and a batch of them has no spread to measure.
        order = torch.randperm(len(windows), generator=draw)
        for chosen in torch.tensor_split(order, max(1, len(windows) // max(batch_size, 64))):
            network(windows[chosen])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


def _varied(windows: Tensor, settings: TrainSettings, log_image: bool, draw: Generator) -> Tensor:
    import torch

    # Drawn on the CPU wherever the network is: the same seed draws the same.
    effort = settings.gain * torch.randn((len(windows), 1, 1, 1), generator=draw).to(windows.device)
    noise = settings.noise * torch.randn(windows.shape, generator=draw).to(windows.device)
    return (windows + effort if log_image else windows * torch.exp(effort)) + noise


def predict(network: nn.Module, x: NDArray[np.float32], batch_size: int = 512) -> NDArray[np.float32]:
    """Logits (N, classes) of windows x (N, C, H, W), in evaluation mode."""
    import torch

    network.eval()
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(np.ascontiguousarray(x[start : start + batch_size]))).numpy()
            for start in range(0, len(x), batch_size)
        ]
    logits: NDArray[np.float32] = np.concatenate(parts)
    return logits
