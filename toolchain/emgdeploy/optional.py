"""Packages that only some stages need, imported when such a stage runs."""

from __future__ import annotations

import importlib
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from emgdeploy.errors import ToolMissingError


def load(module: str, extra: str) -> ModuleType:
    """Import `module` (dotted name), or say which extra of this package brings it.

    Raises ToolMissingError when it is not installed, or installed and unable to start (a package
    built for another NumPy, a shared library that is missing).
    """
    try:
        with _whole():
            return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        reason = (
            "is not installed"
            if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == package
            else f"cannot be loaded ({error})"
        )
        raise ToolMissingError(f"the Python package {package} {reason}", install_line(extra)) from error


def install_line(extra: str) -> str:
    """The command that installs the packages of `extra` into the running Python."""
    return f'{sys.executable} -m pip install "emgdeploy[{extra}]"'


@contextmanager
def _whole() -> Iterator[None]:
    """Inside the block Ctrl-C waits: half-imported native libraries abort the process when it does not."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: waiting.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
    if waiting and callable(before):
        before(signal.SIGINT, None)
