"""Recordings to windows to model-input images: readers, filters, splits, the simulator."""

from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.windowfile import Windows

__all__ = ["Preprocess", "Windows"]
