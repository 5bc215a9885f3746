"""The CNN of EffiE for short windows of a Myo band: electrodes by samples, 8 x 32 at 200 Hz.

After the paper and its project's description ("EffiE: Efficient Convolutional Neural Network for Real-Time EMG
Pattern Recognition System on Edge Devices", IEEE NER 2023): twice a 3x3 convolution without padding (48 and
96 filters), ReLU, batch norm, PReLU, dropout of whole channels and max pooling by 2 over time; then one linear
layer on all that is left. A PReLU has one slope for each channel here; theirs has one for each pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from emgdeploy.nets.layers import raster

FILTERS = (48, 96)
DROPOUT = 0.5
_KERNEL, _POOL = 3, 2


@dataclass(frozen=True)
class EffieConfig:
    """What fixes the network: the classes, and a window's electrodes and samples."""

    classes: int
    grid: tuple[int, int] = (8, 32)

    def __post_init__(self) -> None:
        if min(self.remaining) < 1:
            raise ValueError("EffiE's CNN needs at least 5 electrodes and 10 samples")

    @property
    def remaining(self) -> tuple[int, int]:
        """Electrodes and samples left after both stages."""
        electrodes, samples = self.grid
        for _ in FILTERS:
            electrodes, samples = electrodes - (_KERNEL - 1), (samples - (_KERNEL - 1)) // _POOL
        return electrodes, samples

    @classmethod
    def suited(cls, shape: tuple[int, int, int], classes: int, width: float) -> EffieConfig:
        """For windows of `shape` (1, electrodes, samples). It has one width."""
        return cls(classes, raster(shape))


class Effie(nn.Module):
    """Windows (N, 1, *grid) float32 -> logits (N, classes) float32."""

    def __init__(self, config: EffieConfig) -> None:
        super().__init__()
        self.config = config
        first, second = FILTERS
        self.features = nn.Sequential(*_stage(1, first), *_stage(first, second), nn.Flatten())
        electrodes, samples = config.remaining
        self.linear = nn.Linear(second * electrodes * samples, config.classes)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one window."""
        return (1, *self.config.grid)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, *grid) -> (N, classes)."""
        logits: Tensor = self.linear(self.features(x))
        return logits


def _stage(inputs: int, outputs: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, _KERNEL),
        nn.ReLU(),
        nn.BatchNorm2d(outputs),
        nn.PReLU(outputs),
        nn.Dropout2d(DROPOUT),
        nn.MaxPool2d((1, _POOL)),
    ]
