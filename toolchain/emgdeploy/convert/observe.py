"""What the tensors of a float network hold on calibration windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import masks, onnxrun, packages, recurrence
from emgdeploy.convert.bounds import Ends, clipped
from emgdeploy.convert.onnxfile import OnnxModel

BINS = 2048


@dataclass(frozen=True)
class Histogram:
    """counts (BINS,) of a tensor's values between low and high, both of which were seen."""

    low: float
    high: float
    counts: NDArray[np.int64]

    @property
    def edges(self) -> NDArray[np.float64]:
        """(BINS + 1,)"""
        return np.linspace(self.low, self.high, len(self.counts) + 1)

    @property
    def centres(self) -> NDArray[np.float64]:
        """(BINS,)"""
        edges = self.edges
        return np.asarray((edges[1:] + edges[:-1]) / 2)


def extremes(
    model: OnnxModel,
    windows: NDArray[np.float32],
    names: Sequence[str],
    bounds: Mapping[str, Ends] | None = None,
) -> dict[str, Ends]:
    """The least and greatest value of each named tensor over all windows (N, *window shape), as those see it
    that read it: none lies outside the tensor's bounds where it has any."""
    found = dict.fromkeys(names, (np.inf, -np.inf))
    for tensors in _runs(model, windows, names, bounds or {}):
        for name, values in tensors.items():
            low, high = found[name]
            found[name] = min(low, float(values.min())), max(high, float(values.max()))
    return found


def histograms(
    model: OnnxModel,
    windows: NDArray[np.float32],
    names: Sequence[str],
    bounds: Mapping[str, Ends] | None = None,
) -> dict[str, Histogram]:
    """The same as histograms. The windows are run twice, because no tensor is kept."""
    ends = extremes(model, windows, names, bounds)
    counts = {name: np.zeros(BINS, np.int64) for name in names}
    for tensors in _runs(model, windows, names, bounds or {}):
        for name, values in tensors.items():
            low, high = ends[name]
            places = (values.ravel().astype(np.float64) - low) * (BINS / max(high - low, 1e-30))
            counts[name] += np.bincount(np.minimum(places.astype(np.int64), BINS - 1), minlength=BINS)
    return {name: Histogram(*ends[name], counts[name]) for name in names}


def _runs(
    model: OnnxModel, windows: NDArray[np.float32], names: Sequence[str], bounds: Mapping[str, Ends]
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """The named tensors of each window in turn, cut off at their bounds."""
    onnx = packages.onnx()
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    made = set(recurrence.parts(model))
    wanted = [name for name in (*names, *recurrence.inputs(model)) if name not in made]
    wanted = [name for name in dict.fromkeys(wanted) if name not in (model.input_name, model.output_name)]
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
    wanted.append(model.output_name)
    session = onnxrun.session(proto.SerializeToString(), "calibration")
    for window in windows:
        given: dict[str, Any] = {model.input_name: window[np.newaxis]}
        tensors = given | dict(zip(wanted, session.run(wanted, given), strict=True))
        tensors |= recurrence.values(model, tensors)
        yield {name: clipped(masks.seen(tensors[name]), bounds.get(name)) for name in names}
