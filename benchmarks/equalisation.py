"""What could equalising layers or correcting biases gain at most? For networks that quantization.py has trained.

    .venv/bin/python benchmarks/equalisation.py build/quantization

Cross-layer equalisation moves scale from one layer to the next so that channels share a range well: it cannot do
better than a range for each channel. Bias correction takes back the mean of what rounded weights change: it cannot
do better than weights that are not rounded. Both bounds are computed with the rounding of `nets/view.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emgdeploy.nets import folding, view
from emgdeploy.nets.checkpoint import load_checkpoint
from emgdeploy.nets.ranges import HIGHEST, LOWEST
from emgdeploy.signals import windowfile


class ByChannel(nn.Module):
    """Rounds each channel to the steps of a range of its own, which grows with what it sees until `settled`."""

    def __init__(self) -> None:
        super().__init__()
        self.low, self.high, self.settled = torch.zeros(1), torch.zeros(1), False

    def forward(self, x: Tensor) -> Tensor:
        if not self.settled:
            others = [axis for axis in range(x.ndim) if axis != 1]
            self.low = torch.minimum(self.low, x.amin(others))
            self.high = torch.maximum(self.high, x.amax(others))
            return x
        scale = (self.high - self.low).clamp_min(1e-6) / (HIGHEST - LOWEST)
        zero = torch.round(LOWEST - self.low / scale).to(torch.int32)
        return torch.fake_quantize_per_channel_affine(x, scale, zero, 1, LOWEST, HIGHEST)


def by_channel(network: nn.Module, calibration: NDArray[np.float32]) -> nn.Module:
    module = view.begin(network, calibration)
    found = [name for name, child in module.named_children() if isinstance(child, view.Rounding)]
    for name in found:
        setattr(module, name, ByChannel())
    logits(module, calibration)
    for name in found:
        getattr(module, name).settled = True
    return module


def logits(network: nn.Module, x: NDArray[np.float32]) -> NDArray[np.float32]:
    with torch.no_grad():
        return np.concatenate(
            [network(torch.from_numpy(x[i : i + 256])).numpy() for i in range(0, len(x), 256)]
        )


def main(folder: Path) -> None:
    """Of the logits' deviation, the root mean square that rounding adds; and the share of classes it keeps."""
    print("| data, network, width | as shipped | weights exact | a range for each channel |")
    print("|---|---|---|---|")
    for row in sorted(folder.glob("*/row.json")):
        run = row.parent / "float"
        network = load_checkpoint(run / "checkpoint.pt").network
        calibration = np.asarray(windowfile.load(run / "calibration.npz").x, np.float32)
        x = np.asarray(windowfile.load(run / "test.npz").x, np.float32)[:2000]
        exact = logits(network, x)
        shipped = logits(view.begin(network, calibration), x)
        channels = logits(by_channel(network, calibration), x)
        rounding, folding._on_steps = folding._on_steps, lambda weight, training: weight
        unrounded = logits(view.begin(network, calibration), x)
        folding._on_steps = rounding
        cells = []
        for found in (shipped, unrounded, channels):
            away = float(np.sqrt(((found - exact) ** 2).mean()) / exact.std())
            same = float((found.argmax(1) == exact.argmax(1)).mean())
            cells.append(f"{100 * away:.1f} % / {100 * same:.2f} %")
        print(f"| {row.parent.name.replace('-', ' ')} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
