"""Would an inference be ready before the next window comes? Only a clock that is the board's own can tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded
from emgdeploy.bench import timing
from emgdeploy.emulate.cycles import folder as profiles
from emgdeploy.errors import InputError
from emgdeploy.firmware.json_fields import Fields
from emgdeploy.firmware.manifest import Manifest


@dataclass(frozen=True)
class Missed:
    """count: inferences that took longer than allowed, by the clock or the model that `source` names.

    Both are None where no time was named, or nothing knows the board's.
    """

    count: int | None = None
    source: str | None = None


@dataclass(frozen=True)
class Modelled:
    """One inference by a cycle model: microseconds, and the model and its clock in words."""

    micro: float
    source: str


@dataclass(frozen=True)
class Deadline:
    """limit_us: microseconds that one inference may take, None where nobody said.

    modelled: what stands in for time on an emulated board, whose own clock counts instructions.
    """

    limit_us: float | None
    modelled: Modelled | None = None

    def missed(self, seconds: NDArray[np.float64], timing_source: str) -> Missed:
        """seconds: each inference by the device's clock.

        The model speaks for all windows alike: the kernels hardly branch on what they compute.
        """
        if self.limit_us is None:
            return Missed()
        if timing_source != timing.EMULATED:
            return Missed(int((seconds * 1e6 > self.limit_us).sum()), timing_source)
        if self.modelled is None:
            return Missed()
        late = self.modelled.micro > self.limit_us
        return Missed(len(seconds) if late else 0, self.modelled.source)


def of_build(folder: Path, manifest: Manifest, limit_us: float | None = None) -> Deadline:
    """limit_us: the user's; None for the time between two windows of live recognition."""
    if limit_us is None:
        limit_us = _stride_us(manifest.preprocess)
    return Deadline(limit_us, _modelled(folder, manifest))


def _stride_us(preprocess: dict[str, Any] | None) -> float | None:
    stride = (preprocess or {}).get("stride_ms")
    return float(stride) * 1000.0 if isinstance(stride, int | float) and stride > 0 else None


def _modelled(folder: Path, manifest: Manifest) -> Modelled | None:
    """What the folder's profile says of this very firmware; None without such a profile."""
    try:
        found = Fields(bounded.parsed(folder / profiles.FILE, ""), profiles.FILE)
        if found.text("firmware_build_id") != manifest.firmware_build_id:
            return None
        cycles, model = found.integer("cycles", 1), found.word("model")
    except InputError:
        return None
    micro = cycles / manifest.clock_hz * 1e6
    source = f"{cycles:,} modelled cycles ({model}) at {manifest.clock_hz:,} Hz"
    return Modelled(micro, source)
