"""Stream windows to a device, compare every answer with the reference bit for bit, measure, report."""

from emgdeploy.bench.runner import BenchOptions, BenchResult, run

__all__ = ["BenchOptions", "BenchResult", "run"]
