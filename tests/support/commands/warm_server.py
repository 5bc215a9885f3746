"""Runs emgdeploy commands, each forked from this process, which has imported PyTorch and TensorFlow already."""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from emgdeploy.convert import packages
from emgdeploy.errors import ToolMissingError

_HEAVY = ("torch", "onnx", "onnxruntime", "onnxscript", "onnxsim", "scipy.signal", "scipy.io", "h5py")


def serve() -> None:
    """Each line that comes in is a command; its exit status goes out when it has ended."""
    for name in _HEAVY:
        with suppress(ImportError):
            importlib.import_module(name)
    with suppress(ToolMissingError):
        packages.tensorflow()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(command: dict[str, Any]) -> NoReturn:
    """From here on this process is `python -m emgdeploy`, but for the interpreter's own tidying up at the end:
    libraries wait there for threads that only the process knows from which this one was forked."""
    for number, (path, how) in enumerate(command["streams"]):
        os.dup2(os.open(path, how), number)
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["folder"])
    sys.path[0] = str(Path.cwd())
    sys.argv = ["emgdeploy", *command["arguments"]]
    from emgdeploy.cli import process

    status = 1
    try:
        status = process()
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    serve()
