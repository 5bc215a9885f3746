"""Ways to choose a range: what each does with an outlier."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_nets import Net, numbers

from emgdeploy.cli import convert as verb
from emgdeploy.convert import methods, observe
from emgdeploy.convert.observe import BINS, Histogram
from emgdeploy.convert.quant_points import points
from emgdeploy.nets.ranges import covering


def histogram(values: np.ndarray) -> Histogram:
    counts, edges = np.histogram(values, BINS)
    return Histogram(float(edges[0]), float(edges[-1]), counts)


def test_the_command_line_offers_every_method() -> None:
    assert tuple(methods.METHODS) == verb._METHODS


def test_observed_histograms_are_numpys() -> None:
    net = Net((4,))
    net.add("Relu", [net.add("Gemm", ["x", numbers(4, 3)])])
    model = net.model()
    x = numbers(200, 4)
    assert points(model) == ("x", "t1")
    (seen, rectified) = observe.histograms(model, x, points(model)).values()
    assert (seen.low, seen.high) == (x.min(), x.max())
    assert np.abs(seen.counts - np.histogram(x.astype(np.float64), seen.edges)[0]).sum() <= 2
    assert rectified.low == 0 and rectified.counts.sum() == 600


@pytest.mark.parametrize(("method", "most"), [("percentile", 5.0), ("mse", 10.0), ("entropy", 5.0)])
def test_one_outlier_is_clipped(method: str, most: float) -> None:
    values = np.append(np.random.default_rng(1).normal(size=200_000), 12.0)
    low, high = methods.METHODS[method](histogram(values))
    assert values.min() <= low <= -3.5 and 3.5 < high < most
    assert methods.minmax(histogram(values)) == (values.min(), 12.0)


def test_mse_is_the_best_of_what_it_tries() -> None:
    values = np.random.default_rng(2).standard_t(5, size=50_000)

    def error(low: float, high: float) -> float:
        found = covering(low, high)
        back = np.clip(np.round(values / found.scale) + found.zero_point, -128, 127) - found.zero_point
        return float(((values - back * found.scale) ** 2).mean())

    best = error(*methods.mse(histogram(values)))
    shares = np.linspace(0.3, 1.0, 8)
    tried = [error(values.min() * a, values.max() * b) for a in shares for b in shares]
    assert best <= 1.01 * min(tried) < 0.99 * error(values.min(), values.max())


def test_what_is_evenly_spread_is_not_clipped() -> None:
    values = np.random.default_rng(3).uniform(-1, 3, 100_000)
    for method in methods.METHODS.values():
        low, high = method(histogram(values))
        assert -1.001 <= low < -0.95 and 2.85 < high <= 3.001


def test_known_ranges_stay_and_only_others_are_chosen() -> None:
    net = Net((4,))
    net.add("Relu", [net.add("Gemm", ["x", numbers(4, 3)])])
    known = {"t1": covering(0, 9)}
    found = methods.ranges_of(net.model(), numbers(50, 4), "minmax", known)
    assert found["t1"] == known["t1"] and found.keys() == {"x", "t1"}
