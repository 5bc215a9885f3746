"""MATLAB files of others, read as data and in a process of their own (see `apart`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals.readers import apart

_FEW = 12


def load(path: Path, wanted: tuple[str, ...], hint: str) -> dict[str, Any]:
    """The arrays `wanted` of a MATLAB file; a cell array is an object array.

    Raises InputError for a file that cannot be read or lacks one of them, ToolMissingError without scipy or
    h5py.
    """
    content = apart.read(path, wanted, hint)
    there = [str(name) for name in content.pop("@there", ())]
    for name in wanted:
        if name not in content:
            shown = f"it has {', '.join(there[:_FEW])}" if any(there) else hint
            raise InputError(f"{path}: there is no `{name}` in it", shown)
    return content


def load_any(path: Path, wanted: tuple[str, ...], hint: str) -> dict[str, Any]:
    """Those of the arrays `wanted` that the file has. Raises as `load` does."""
    content = apart.read(path, wanted, hint)
    content.pop("@there", None)
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
