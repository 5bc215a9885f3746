"""Keeps the conversion libraries' chatter off the terminal, and what they say when they fail."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from emgdeploy import optional

EXTRA = "convert"


def torch() -> ModuleType:
    return optional.load("torch", EXTRA)


def onnx() -> ModuleType:
    return optional.load("onnx", EXTRA)


def onnxruntime() -> ModuleType:
    return optional.load("onnxruntime", EXTRA)


def tensorflow() -> ModuleType:
    """TensorFlow on the CPU with its start-up messages off; it reads these variables when it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    # oneDNN sums in other orders on other processors; the same input must give the same file everywhere.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    with muted():
        return optional.load("tensorflow", EXTRA)


@contextmanager
def muted() -> Iterator[None]:
    """Nothing that C++ libraries write to standard output or error, no Python warnings, no log lines.

    Errors still travel as exceptions. File descriptors are redirected, because the messages come
    from below Python.
    """
    level = logging.root.manager.disable
    sink = os.open(os.devnull, os.O_WRONLY)
    kept = [os.dup(1), os.dup(2)]
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            yield
    finally:
        for number, copy in enumerate(kept, start=1):
            os.dup2(copy, number)
            os.close(copy)
        os.close(sink)
        logging.disable(level)
