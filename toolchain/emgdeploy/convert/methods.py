"""Ways to choose the int8 range of a tensor from what it held on calibration windows.

A range of all that was seen never clips, but one outlier makes all steps coarse. The others clip outliers:
`percentile` a fixed share; `mse` where the mean squared error of rounding and clipping is least; `entropy`
where the distribution of the rounded values says least about not being the real one (S. Migacz, "8-bit
Inference with TensorRT", GTC 2017).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import observe
from emgdeploy.convert.bounds import Ends, told_apart
from emgdeploy.convert.observe import Histogram
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.convert.quant_points import points
from emgdeploy.nets.ranges import HIGHEST, LOWEST, Range, covering

# Share of the values that may lie outside, half of it at each end.
_OUTSIDE = 1e-4
# How far a range is narrowed in search of a better one, and in how many steps.
_NARROWEST, _TRIES = 0.3, 71
_STEPS = HIGHEST - LOWEST


def ranges_of(
    model: OnnxModel, windows: NDArray[np.float32], method: str, known: dict[str, Range]
) -> dict[str, Range]:
    """A range for each int8 tensor of the float network: those `known`, and the others chosen on windows."""
    names = [name for name in points(model) if name not in known]
    if not names:
        return known
    bounds = told_apart(model)
    if method == "minmax":
        ends = observe.extremes(model, windows, names, bounds)
    else:
        seen = observe.histograms(model, windows, names, bounds)
        ends = {name: METHODS[method](histogram) for name, histogram in seen.items()}
    return {**known, **{name: covering(*ends[name]) for name in names}}


def minmax(seen: Histogram) -> Ends:
    """All that was seen."""
    return seen.low, seen.high


def percentile(seen: Histogram) -> Ends:
    """All but the outermost values."""
    total = np.concatenate([[0], np.cumsum(seen.counts)])
    count = total[-1]
    low = np.searchsorted(total, count * _OUTSIDE / 2, side="right") - 1
    high = np.searchsorted(total, count * (1 - _OUTSIDE / 2), side="left")
    return float(seen.edges[low]), float(seen.edges[high])


def mse(seen: Histogram) -> Ends:
    """Where the mean squared error is least."""
    return _narrowed(seen, _squared_error)


def entropy(seen: Histogram) -> Ends:
    """Where the Kullback-Leibler divergence is least."""
    return _narrowed(seen, _divergence)


METHODS: dict[str, Callable[[Histogram], Ends]] = {
    "minmax": minmax,
    "percentile": percentile,
    "mse": mse,
    "entropy": entropy,
}


def _narrowed(seen: Histogram, cost: Callable[[Histogram, Range], float]) -> Ends:
    """Both ends in turn drawn toward zero, to where the cost is least."""
    low, high = seen.low, seen.high
    shares = np.linspace(1.0, _NARROWEST, _TRIES)
    high *= float(shares[np.argmin([cost(seen, covering(low, share * high)) for share in shares])])
    low *= float(shares[np.argmin([cost(seen, covering(share * low, high)) for share in shares])])
    return low, high


def _rounded(values: NDArray[np.float64], found: Range) -> NDArray[np.int64]:
    q = np.round(values / found.scale) + found.zero_point
    return np.asarray(np.clip(q, LOWEST, HIGHEST).astype(np.int64))


def _squared_error(seen: Histogram, found: Range) -> float:
    back = (_rounded(seen.centres, found) - found.zero_point) * found.scale
    return float((seen.counts * (seen.centres - back) ** 2).sum())


def _divergence(seen: Histogram, found: Range) -> float:
    """Of the values clipped into the range from the same values spread evenly over each step."""
    steps = _rounded(seen.centres, found) - LOWEST
    first, last = np.flatnonzero((seen.centres >= found.low) & (seen.centres <= found.high))[[0, -1]]
    clipped = np.zeros(len(seen.counts))
    clipped[first : last + 1] = seen.counts[first : last + 1]
    real = clipped.copy()
    real[first] += seen.counts[:first].sum()
    real[last] += seen.counts[last + 1 :].sum()
    filled = clipped > 0
    held = np.bincount(steps, weights=clipped, minlength=_STEPS + 1)
    places = np.bincount(steps, weights=filled, minlength=_STEPS + 1)
    spread = np.where(filled, held[steps] / np.maximum(places[steps], 1), 0.0)
    both = (real > 0) & (spread > 0)
    p, q = real / real.sum(), spread / max(spread.sum(), 1.0)
    missing = float(p[(real > 0) & ~both].sum())
    return float((p[both] * np.log(p[both] / q[both])).sum()) + missing
