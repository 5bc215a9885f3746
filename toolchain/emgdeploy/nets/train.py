"""Training a network on windows that fit into memory as one tensor."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import optional
from emgdeploy.errors import GateFailed, UsageError
from emgdeploy.nets.allocator import keep_freed_memory
from emgdeploy.nets.augment import Silence, Turns, Variation
from emgdeploy.nets.batchnorm_stats import settle, to_training
from emgdeploy.nets.layout import fastest_layout, in_layout, lay_out
from emgdeploy.nets.progress import Progress, fingerprint

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

# Batch-norm statistics and Adam's moments mean nothing in the first steps; full steps then cost accuracy.
WARM_UP_SHARE = 0.1
# Called after every batch with the batches done in all epochs and the mean loss of the current one.
OnBatch = Callable[[int, float], None]
Labelled = tuple[NDArray[np.float32], NDArray[np.int64]]


@dataclass(frozen=True)
class TrainSettings:
    """AdamW, a short warm-up and a cosine schedule, windows varied a little each time they are seen.

    t_max: epochs until the learning rate has fallen to zero, `epochs` where None; noise: deviation of what is
    added to every pixel; gain: deviation of the effort by which whole windows vary (in a log image a shift,
    elsewhere a factor of its exponential), both in units of the normalised image; lost: the largest share of
    the electrodes that a window loses; turned: by how many rows and columns the array is rolled at most; patience: epochs without a better accuracy on held-out training trials
    after which training stops, None trains all epochs on all trials; seed: of the weights, the order of windows
    and everything else that is drawn.
    """

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 3e-4
    label_smoothing: float = 0.1
    t_max: int | None = None
    noise: float = 0.2
    gain: float = 0.4
    lost: float = 0.0
    turned: tuple[int, int] = (0, 0)
    patience: int | None = None
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
                ("lost", 0 <= self.lost < 1),
                ("turned", all(0 <= by < 1 << 12 for by in self.turned)),
                ("patience", self.patience is None or self.patience >= 1),
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
    """seconds_per_epoch: mean wall time; of each epoch: losses: mean training loss; rates: the learning rate at
    its end; held_out: accuracy on held-out windows, where there are any."""

    seconds_per_epoch: float
    losses: tuple[float, ...]
    rates: tuple[float, ...] = ()
    held_out: tuple[float, ...] = ()


def seed_everything(seed: int) -> None:
    """Make what follows repeatable on this machine: weights, order, arithmetic."""
    torch = optional.load("torch", extra="train")
    # What cuBLAS needs to add in the same order each time; read when it starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    # Every result is written before it is read here; filling each of them first costs a pass through memory.
    torch.utils.deterministic.fill_uninitialized_memory = False


def fit(
    network: nn.Module,
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    settings: TrainSettings,
    on_batch: OnBatch | None = None,
    log_image: bool = False,
    silence: Silence | None = None,
    held_out: Labelled | None = None,
    progress: Path | None = None,
    teacher: nn.Module | None = None,
    turns: Turns | None = None,
) -> Trained:
    """Train `network` in place on windows x (N, C, H, W) and classes y (N,).

    log_image: whether the windows are logarithms, which decides how a change of effort looks; silence: what
    lost electrodes show; held_out: windows and classes that `settings.patience` goes by; progress: a file
    that holds the state after each epoch, from which the same call goes on; teacher: a network whose share of
    each class is learned instead of y (G. Hinton et al., "Distilling the Knowledge in a Neural Network", 2015); turns:
    how else the array may lie.
    Call `seed_everything` before making the network. Raises UsageError for fewer than two windows and GateFailed
    when the loss stops being a number.
    """
    if len(x) < 2:
        raise UsageError(f"training needs at least two windows, there is {len(x)}", "record or simulate more")
    keep_freed_memory()
    vary = Variation(settings.noise, settings.gain, log_image, settings.lost, silence, turns)
    training = _Training(network, x, y, settings, vary, held_out, teacher)
    kept = None if progress is None else Progress(progress, training.name())
    if kept is not None:
        training.go_on_from(kept.load())
    started, first = time.perf_counter(), len(training.losses)
    while not training.is_over():
        training.epoch(on_batch)
        if kept is not None:
            kept.save(training.state())
    training.finish()
    seconds = (time.perf_counter() - started) / max(1, len(training.losses) - first)
    return Trained(seconds, tuple(training.losses), tuple(training.rates), tuple(training.held_out))


class _Training:
    """A training between two epochs: network, optimizer, schedule, what is drawn, and how it went."""

    def __init__(
        self,
        network: nn.Module,
        x: NDArray[np.float32],
        y: NDArray[np.int64],
        settings: TrainSettings,
        vary: Variation,
        held: Labelled | None,
        teacher: nn.Module | None,
    ) -> None:
        import torch

        device = training_device()
        self.network = network.to(device)
        self.teacher = None if teacher is None else copy.deepcopy(teacher).to(device).eval()
        self.settings, self.vary, self.held = settings, vary, held
        self.windows = torch.from_numpy(np.ascontiguousarray(x)).to(device)
        self.layout = fastest_layout(self.network, self.windows)
        lay_out(self.network, self.layout)
        self.classes = torch.from_numpy(y.astype(np.int64)).to(device)
        self.optimizer = torch.optim.AdamW(
            [p for p in network.parameters() if p.requires_grad],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.loss_of = torch.nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing)
        self.draw = torch.Generator().manual_seed(settings.seed)
        self.batches = batches = settings.batches(len(x))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: settings.rate_at(step / batches)
        )
        self.losses: list[float] = []
        self.rates: list[float] = []
        self.held_out: list[float] = []
        self.best: dict[str, Tensor] | None = None

    def name(self) -> str:
        """What is trained on what."""
        return fingerprint(self.network, self.windows, self.classes, self.settings)

    def is_over(self) -> bool:
        patience, found = self.settings.patience, self.held_out
        if patience is not None and found and len(found) - 1 - found.index(max(found)) >= patience:
            return True
        return len(self.losses) >= self.settings.epochs

    def epoch(self, on_batch: OnBatch | None) -> None:
        """See every window once."""
        import torch

        to_training(self.network)
        total, done = 0.0, len(self.losses) * self.batches
        order = torch.randperm(len(self.windows), generator=self.draw)
        for index, chosen in enumerate(torch.tensor_split(order, self.batches), 1):
            self.optimizer.zero_grad(set_to_none=True)
            images = in_layout(self.vary(self.windows[chosen], self.draw), self.layout)
            loss = self.loss_of(self.network(images), self._wanted(chosen, images))
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            total += float(loss.detach())
            if on_batch is not None:
                on_batch(done + index, total / index)
        if not np.isfinite(total):
            raise GateFailed(
                f"the loss is not a number after epoch {len(self.losses) + 1}", "lower --learning-rate"
            )
        self.losses.append(total / self.batches)
        self.rates.append(float(self.optimizer.param_groups[0]["lr"]))
        if self.held is not None and self.settings.patience is not None:
            self._look_at(self.held)

    def _wanted(self, chosen: Tensor, images: Tensor) -> Tensor:
        """The class of each image, or each class's share of it."""
        import torch

        if self.teacher is None:
            return self.classes[chosen]
        with torch.no_grad():
            shares: Tensor = self.teacher(images).softmax(dim=1)
        return shares

    def finish(self) -> None:
        """The network as it is used: the best one where some was chosen, batch norms settled, on the CPU."""
        import torch

        if self.best is not None:
            self.network.load_state_dict(self.best)
            self.network.eval()
        else:
            self._settle(self.draw)
        lay_out(self.network.to("cpu"), torch.contiguous_format)

    def _look_at(self, held: Labelled) -> None:
        """Keep the network if it does best on held-out windows. Leaves the training as it was."""
        import torch

        before = copy.deepcopy(self.network.state_dict())
        draw = torch.Generator().manual_seed(self.settings.seed)
        self._settle(draw)
        right = float((predict(self.network, held[0]).argmax(axis=1) == held[1]).mean())
        if right > max(self.held_out, default=-1.0):
            self.best = copy.deepcopy(self.network.state_dict())
        self.held_out.append(right)
        self.network.load_state_dict(before)

    def _settle(self, draw: Generator) -> None:
        # Lost electrodes lie far from all that is alive: where they are trained for, they have to be measured.
        losses = replace(self.vary, noise=0.0, gain=0.0) if self.settings.lost else None
        settle(self.network, self.windows, self.layout, self.settings.batch_size, draw, losses)

    def state(self) -> dict[str, Any]:
        """All that `go_on_from` needs."""
        import torch

        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": {"last_epoch": self.schedule.last_epoch, "step": self.schedule._step_count},
            "draw": self.draw.get_state(),
            "random": torch.get_rng_state(),
            "losses": self.losses,
            "rates": self.rates,
            "held_out": self.held_out,
            "best": self.best,
        }

    def go_on_from(self, state: dict[str, Any] | None) -> None:
        """Take up a state; None begins anew."""
        import torch

        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.last_epoch = state["schedule"]["last_epoch"]
        self.schedule._step_count = state["schedule"]["step"]
        self.draw.set_state(state["draw"])
        torch.set_rng_state(state["random"])
        self.losses, self.rates, self.held_out = state["losses"], state["rates"], state["held_out"]
        self.best = state["best"]


def training_device() -> str:
    """Where networks are trained: the GPU where there is one."""
    torch = optional.load("torch", extra="train")
    return "cuda" if torch.cuda.is_available() else "cpu"


def predict(network: nn.Module, x: NDArray[np.float32], batch_size: int = 512) -> NDArray[np.float32]:
    """Logits (N, classes) of windows x (N, C, H, W), in evaluation mode."""
    import torch

    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))

    def batch(start: int, size: int) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x[start : start + size])).to(device)

    layout = fastest_layout(network, batch(0, 1))
    with torch.no_grad():
        starts = range(0, len(x), batch_size)
        parts = [network(in_layout(batch(start, batch_size), layout)).cpu().numpy() for start in starts]
    logits: NDArray[np.float32] = np.concatenate(parts)
    return logits
