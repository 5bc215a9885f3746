"""From a trained PyTorch sEMG gesture classifier to proven firmware on a microcontroller."""

__version__ = "0.1.0"
