"""How windows vary each time they are seen while training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.placement import Placement, Turn
from emgdeploy.signals.preprocess import Preprocess

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class Silence:
    """What a window shows of an electrode that has come off, and where.

    window: (C, H, W) made of nothing but silence; frames; order: which feature, counted frame by frame,
    stands at each place of a window.
    """

    window: NDArray[np.float32]
    frames: int
    order: NDArray[np.int64]

    @classmethod
    def of(cls, preprocess: Preprocess) -> Silence:
        """Silence as a fitted preprocessing shows it."""
        nothing = np.zeros((preprocess.window_samples, max(preprocess.electrodes) + 1), np.float32)
        return cls(preprocess.apply(nothing)[0], preprocess.frames, preprocess.feature_order)


@dataclass(frozen=True)
class Turns:
    """Other ways in which the array may lie, drawn for each window.

    sources: (T, V) int64, which value of a window each place then shows; factors, offsets: (T, V) float32, what
    becomes of it where each electrode is normalised by itself.
    """

    sources: NDArray[np.int64]
    factors: NDArray[np.float32]
    offsets: NDArray[np.float32]

    @classmethod
    def of(cls, preprocess: Preprocess, array: tuple[int, int], most: tuple[int, int]) -> Turns:
        """Every roll by up to most[0] rows and most[1] columns, either way, of windows of a fitted preprocessing."""
        rolls = [(r, c) for r in _up_to(most[0], array[0]) for c in _up_to(most[1], array[1])]
        shown = np.array([Placement((Turn(r, c),)).places(preprocess.grid, array) for r, c in rolls])
        electrodes, order = shown.shape[1], preprocess.feature_order
        mean, std = np.zeros(electrodes), np.ones(electrodes)
        if preprocess.normalise == "electrode":
            mean, std = np.asarray(preprocess.mean), np.asarray(preprocess.std)
        place_of = np.argsort(order)
        frame, place = np.divmod(order, electrodes)
        sources = place_of[frame * electrodes + shown[:, place]]
        factors = (std[shown] / std)[:, place]
        offsets = ((mean[shown] - mean) / std)[:, place]
        return cls(sources, factors.astype(np.float32), offsets.astype(np.float32))

    def __call__(self, windows: Tensor, draw: Generator) -> Tensor:
        """(N, C, H, W), each turned in some way."""
        import torch

        chosen = torch.randint(len(self.sources), (len(windows),), generator=draw)
        sources, factors, offsets = (
            torch.from_numpy(table)[chosen].to(windows.device)
            for table in (self.sources, self.factors, self.offsets)
        )
        return (windows.flatten(1).gather(1, sources) * factors + offsets).reshape(windows.shape)


def _up_to(most: int, size: int) -> list[int]:
    """Rolls by at most `most` either way, each once."""
    return sorted({by % size for by in range(-most, most + 1)})


@dataclass(frozen=True)
class Variation:
    """noise: deviation of what is added to every pixel; gain: deviation of the effort by which whole windows
    vary; log_image: whether effort is a shift (of a logarithm) or a factor; lost: the largest share of the
    electrodes that a window loses, which then show `silence`; turns: how else the array may lie."""

    noise: float
    gain: float
    log_image: bool = False
    lost: float = 0.0
    silence: Silence | None = None
    turns: Turns | None = None

    def __call__(self, windows: Tensor, draw: Generator) -> Tensor:
        """(N, C, H, W) varied. Drawn on the CPU wherever the windows are: the same seed draws the same."""
        import torch

        if self.turns is not None:
            windows = self.turns(windows, draw)
        effort = self.gain * torch.randn((len(windows), 1, 1, 1), generator=draw).to(windows.device)
        noise = self.noise * torch.randn(windows.shape, generator=draw).to(windows.device)
        varied = (windows + effort if self.log_image else windows * torch.exp(effort)) + noise
        if self.lost and self.silence is not None:
            varied = _with_losses(varied, self.lost, self.silence, draw)
        return varied


def _with_losses(windows: Tensor, share: float, silence: Silence, draw: Generator) -> Tensor:
    import torch

    # Half of the windows stay whole, so that nothing is unlearned.
    shares = share * torch.rand((len(windows), 1), generator=draw)
    shares *= torch.rand((len(windows), 1), generator=draw) < 0.5
    electrodes = len(silence.order) // silence.frames
    lost = torch.rand((len(windows), electrodes), generator=draw) < shares
    places = lost.repeat(1, silence.frames)[:, torch.from_numpy(silence.order)].reshape(windows.shape)
    silent = torch.from_numpy(silence.window).to(windows.device)
    return torch.where(places.to(windows.device), silent, windows)
