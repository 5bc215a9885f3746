"""Files that others' libraries read, in a process of their own: C code crashes on damaged ones, any takes what they claim.

The child reads one file after the other, each with so much memory and time as its size can account for. It
hands back numbers, text and how they are nested, as raw bytes: nothing of what it sends is unpickled.
"""

from __future__ import annotations

import atexit
import glob
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError, ToolMissingError

PLAIN_KINDS = "biufcUS"
_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from emgdeploy.signals.readers import matchild; matchild.serve()"
_SECONDS, _BYTES_A_SECOND = 20.0, 4 << 20


class _Child:
    """The process, started for the first file and again after a file that ended it."""

    def __init__(self) -> None:
        paths = [str(Path(entry).resolve()) for entry in sys.path if entry]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(paths)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is ours to handle
        )

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """The answer, None when the child ended or had to be ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        alarm = threading.Timer(seconds, self._process.kill)
        alarm.start()
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
            if "values" in answer:
                answer["values"] = {
                    name: _received(form, self._process.stdout) for name, form in answer["values"].items()
                }
            return answer
        except (OSError, ValueError, EOFError, RecursionError):
            return None
        except BaseException:  # what is left of the answer would be taken for the next one
            self.end()
            raise
        finally:
            alarm.cancel()

    @property
    def ended(self) -> bool:
        """Whether somebody ended it."""
        return self._process.poll() is not None

    def end(self) -> None:
        """Stop it, whatever it does."""
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


_child: _Child | None = None


def read(path: Path, wanted: tuple[str, ...], hint: str, kind: str = "matlab") -> dict[str, Any]:
    """Those of the arrays `wanted` that the file has; of a MATLAB file as scipy.io.loadmat gives them. kind: `matlab`, or
    a module of `formats`.

    Raises InputError for a file that cannot be read, also when it ends its reader; ToolMissingError.
    """
    global _child
    try:
        size = path.stat().st_size
        if kind == "wfdb":  # its signals lie beside it
            size = sum(one.stat().st_size for one in path.parent.glob(f"{glob.escape(path.stem)}*"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", hint) from None
    if _child is None or _child.ended:
        stop()
        _child = _Child()
    request = {"path": os.fsencode(path.resolve()).hex(), "wanted": list(wanted), "size": size, "kind": kind}
    answer = _child.ask(request, _SECONDS + size / _BYTES_A_SECOND)
    if answer is None:
        stop()
        raise InputError(
            f"{path}: is damaged or no {called(kind)} file (its reader crashed or did not end)", hint
        )
    if "missing" in answer:
        raise ToolMissingError(*answer["missing"])
    if "wrong" in answer:
        raise InputError(f"{path}: {answer['wrong']}", hint)
    values: dict[str, Any] = answer["values"]
    return values


def called(kind: str) -> str:
    """What people call files of a kind."""
    return "MATLAB" if kind == "matlab" else kind.upper()


@atexit.register
def stop() -> None:
    """End the child; the next file starts another."""
    global _child
    if _child is not None:
        child, _child = _child, None
        child.end()


def form_of(value: NDArray[Any]) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """How a value is nested, JSON-able, and the plain arrays in it in that order. Raises ValueError."""
    shape = list(value.shape)
    if value.dtype.names:
        parts = [form_of(value[name]) for name in value.dtype.names]
        forms = dict(zip(value.dtype.names, (form for form, _ in parts), strict=True))
        return {"shape": shape, "fields": forms}, [array for _, arrays in parts for array in arrays]
    if value.dtype.kind == "O":
        parts = [form_of(np.asarray(cell)) for cell in value.ravel()]
        return {"shape": shape, "cells": [form for form, _ in parts]}, [
            a for _, arrays in parts for a in arrays
        ]
    if value.dtype.kind not in PLAIN_KINDS:
        raise ValueError(f"it holds {value.dtype}")
    fortran = value.flags.f_contiguous
    form = {"shape": shape, "dtype": value.dtype.str, "order": "F" if fortran else "C"}
    return form, [value.T if fortran else np.ascontiguousarray(value)]


def _received(form: dict[str, Any], stream: IO[bytes]) -> NDArray[Any]:
    shape = tuple(form["shape"])
    if "fields" in form:
        parts = {name: _received(inner, stream) for name, inner in form["fields"].items()}
        record = np.empty(shape, [(name, part.dtype) for name, part in parts.items()])
        for name, part in parts.items():
            record[name] = part
        return record
    if "cells" in form:
        cells = np.empty(len(form["cells"]), object)
        for index, inner in enumerate(form["cells"]):
            cells[index] = _received(inner, stream)
        return cells.reshape(shape)
    if np.dtype(form["dtype"]).kind not in PLAIN_KINDS:
        raise ValueError(f"no plain array: {form['dtype']}")
    array: NDArray[Any] = np.empty(shape, form["dtype"], form["order"])
    _fill(array.T if form["order"] == "F" else array, stream)
    return array


def _fill(array: NDArray[Any], stream: IO[bytes]) -> None:
    if not array.nbytes:
        return
    view = array.reshape(-1).view(np.uint8).data
    while view:
        count = stream.readinto(view)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        view = view[count:]
