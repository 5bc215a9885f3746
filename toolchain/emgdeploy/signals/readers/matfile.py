"""MATLAB files of others, read as data: version 4 to 7 by scipy, 7.3 (which is HDF5) by h5py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import optional
from emgdeploy.errors import InputError

_MOST_BYTES = 4 << 30


def load(path: Path, wanted: tuple[str, ...], hint: str) -> dict[str, Any]:
    """The arrays `wanted` of a MATLAB file; a cell array is an object array.

    Raises InputError for a file that cannot be read or lacks one of them, ToolMissingError without scipy or
    h5py.
    """
    content = load_any(path, wanted, hint)
    for name in wanted:
        if name not in content:
            raise InputError(f"{path}: there is no `{name}` in it", hint)
    return content


def load_any(path: Path, wanted: tuple[str, ...], hint: str) -> dict[str, Any]:
    """Those of the arrays `wanted` that the file has. Raises as `load` does."""
    reader = optional.load("scipy.io", extra="data")
    try:
        content: dict[str, Any] = reader.loadmat(path, variable_names=wanted)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or 'damaged'})", hint) from None
    except NotImplementedError:
        return _load_hdf5(path, wanted, hint)
    # A damaged file makes the reader fail in many ways, of many classes.
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: is damaged or no MATLAB file ({reason:.100})", hint) from None
    return content


def numbers(value: Any, what: str, path: Path, hint: str) -> NDArray[np.float32]:
    """A matrix of finite numbers as float32. Raises InputError that says `what` it is not."""
    matrix = np.asarray(value)
    if matrix.ndim != 2 or matrix.dtype.kind not in "iuf" or matrix.size == 0:
        raise InputError(
            f"{path}: {what} must be a matrix of numbers, it is {matrix.dtype} of shape {matrix.shape}", hint
        )
    result: NDArray[np.float32] = matrix.astype(np.float32)
    if not bool(np.isfinite(result).all()):
        raise InputError(f"{path}: {what} holds values that are not finite", hint)
    return result


def _load_hdf5(path: Path, wanted: tuple[str, ...], hint: str) -> dict[str, Any]:
    h5py = optional.load("h5py", extra="data")
    try:
        with h5py.File(path, "r") as file:
            there = [name for name in wanted if isinstance(file.get(name, getlink=True), h5py.HardLink)]
            return {name: _value(h5py, file, file[name]) for name in there}
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{path}: is damaged or no MATLAB 7.3 file of matrices and cells ({reason:.100})", hint
        ) from None


def _value(h5py: Any, file: Any, item: Any) -> NDArray[Any]:
    if not isinstance(item, h5py.Dataset):
        raise ValueError("it holds a struct")
    # Such a data set may point to any other file.
    if item.external or item.is_virtual:
        raise ValueError("it keeps its values in another file")
    if item.size * item.dtype.itemsize > _MOST_BYTES:
        raise ValueError(f"{item.size:,} numbers are too many")
    values = np.asarray(item[()])
    if item.dtype.kind != "O":
        return values.T
    cells = np.empty(values.shape, object)
    for place, reference in np.ndenumerate(values):
        target = file[reference]
        if target.dtype.kind == "O":
            raise ValueError("it holds cells in cells")
        cells[place] = _value(h5py, file, target)
    return cells.T
