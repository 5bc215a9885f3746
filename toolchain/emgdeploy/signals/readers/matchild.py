"""What the child process of `apart` runs: MATLAB files of version 4 to 7 by scipy, 7.3 (which is HDF5) by h5py; others by
`formats`."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded, optional
from emgdeploy.errors import ToolMissingError
from emgdeploy.signals.readers.apart import called, form_of

_ROOM, _ROOM_FOR_A_BYTE = 512 << 20, 40
_ALWAYS, _RATIO = 64 << 20, 100


def serve() -> None:
    """Answer requests, a JSON object a line, until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    for line in sys.stdin.buffer:
        _answer(json.loads(line), answers)


def _answer(request: dict[str, Any], answers: IO[bytes]) -> None:
    arrays: list[NDArray[Any]] = []
    try:
        forms = {}
        for name, value in _read(request).items():
            forms[name], parts = form_of(np.asarray(value))
            arrays += parts
        answer: dict[str, Any] = {"values": forms}
    except ToolMissingError as error:
        answer = {"missing": [error.message, error.hint]}
    except OSError as error:
        answer = {"wrong": f"cannot be read ({error.strerror or 'damaged'})"}
    except MemoryError:
        answer = {"wrong": "claims far more values than it holds"}
    # A damaged file makes the readers fail in many ways, of many classes.
    except Exception as error:
        answer = {
            "wrong": f"is damaged or no {called(request['kind'])} file ({str(error).partition(chr(10))[0]:.100})"
        }
    if "values" not in answer:
        arrays = []
    answers.write(json.dumps(answer).encode() + b"\n")
    for array in arrays:
        answers.write(array.reshape(-1).view(np.uint8).data if array.nbytes else b"")
    answers.flush()


def _read(request: dict[str, Any]) -> dict[str, Any]:
    path, wanted, size = os.fsdecode(bytes.fromhex(request["path"])), request["wanted"], int(request["size"])
    if request["kind"] != "matlab":
        module = importlib.import_module(f"emgdeploy.signals.readers.formats.{request['kind']}")
        with bounded.memory(_ROOM + _ROOM_FOR_A_BYTE * size):
            values: dict[str, Any] = module.read(path, wanted, size)
            return values
    reader = optional.load("scipy.io", extra="data")
    with bounded.memory(_ROOM + _ROOM_FOR_A_BYTE * size):
        try:
            content = reader.loadmat(path, variable_names=[*wanted, *(name.split(".")[0] for name in wanted)])
            found = {name: _nested(content, name) for name in wanted}
            values = {name: value for name, value in found.items() if value is not None}
            if len(values) < len(wanted):
                values["@there"] = np.array([name for name, _, _ in reader.whosmat(path)] or [""])
            return values
        except NotImplementedError:
            return _read_hdf5(path, wanted, max(_ALWAYS, _RATIO * size))


def _read_hdf5(path: str, wanted: list[str], room: int) -> dict[str, Any]:
    h5py = optional.load("h5py", extra="data")
    try:
        with h5py.File(path, "r") as file:
            items = {name: _item(h5py, file, name) for name in wanted}
            values = {
                name: _value(h5py, file, item, room) for name, item in items.items() if item is not None
            }
            if len(values) < len(wanted):
                values["@there"] = np.array([name for name in file if not name.startswith("#")] or [""])
            return values
    except OSError as error:
        raise ValueError(f"as one of version 7.3: {error}") from error


def _nested(content: dict[str, Any], name: str) -> Any:
    """An array by its name, or by the fields of structs and numbers from 0 of cells on the way to it: `data.trials.0.emg`.
    None where there is none."""
    if name in content:
        return content[name]
    first, *parts = name.split(".")
    value = content.get(first)
    for part in parts:
        value = _unwrapped(value)
        if value is None:
            return None
        if part in (value.dtype.names or ()):
            value = value[part]
        elif part.isdecimal() and int(part) < value.size:
            value = value.ravel(order="F")[int(part) : int(part) + 1]
        else:
            return None
    return _unwrapped(value)


def _unwrapped(value: Any) -> Any:
    """What stands alone in a struct or cell of one."""
    while isinstance(value, np.ndarray) and value.dtype.kind == "O" and value.size == 1:
        value = np.asarray(value.item())
    return value


def _item(h5py: Any, file: Any, name: str) -> Any:
    """As `_nested`, in a file of version 7.3, by links within it alone."""
    item = file
    for part in [name] if name in file else name.split("."):
        if isinstance(item, h5py.Dataset):
            references = np.asarray(item[()]).T.ravel(order="F") if item.dtype.kind == "O" else ()
            if not part.isdecimal() or int(part) >= len(references):
                return None
            item = file[references[int(part)]]
        elif isinstance(item.get(part, getlink=True), h5py.HardLink):
            item = item[part]
        else:
            return None
    return item


def _value(h5py: Any, file: Any, item: Any, room: int) -> NDArray[Any]:
    if not isinstance(item, h5py.Dataset):
        raise ValueError("it holds a struct")
    # Such a data set may point to any other file.
    if item.external or item.is_virtual:
        raise ValueError("it keeps its values in another file")
    if item.size * item.dtype.itemsize > room:
        raise ValueError(f"it claims {item.size:,} numbers, more than it can hold")
    values = np.asarray(item[()])
    if item.dtype.kind != "O":
        return values.T
    cells = np.empty(values.shape, object)
    for place, reference in np.ndenumerate(values):
        target = file[reference]
        if target.dtype.kind == "O":
            raise ValueError("it holds cells in cells")
        cells[place] = _value(h5py, file, target, room)
    return cells.T
