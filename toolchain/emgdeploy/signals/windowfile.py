"""The `.npz` of windows that travels between stages: `x`, and optionally `y` and `labels`.

`x` is (N, *input shape) in any real dtype, `y` is (N,) int64 class numbers, `labels` is (K,) text.
Files are other people's data, so nothing is ever unpickled.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded
from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic
from emgdeploy.signals import archive
from emgdeploy.signals.naming import class_map, renumbered

_HINT = "a window file is an .npz with x (N, ...) and optionally y (N,) and labels (K,); see docs/data.md"

_MOST_CLASSES = 65_535


@dataclass(frozen=True)
class Windows:
    """Model-input windows and what is known about them.

    x: (N, *shape), the dtype of the file; y: (N,) int64 class numbers or None;
    labels: the K class names or None.
    """

    x: NDArray[Any]
    y: NDArray[np.int64] | None = None
    labels: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def take(self, indices: slice | NDArray[Any]) -> Windows:
        """The windows at `indices`, in that order, with their labels."""
        return Windows(self.x[indices], None if self.y is None else self.y[indices], self.labels)

    def named_as(self, labels: tuple[str, ...] | None, place: str) -> Windows:
        """The same windows with the classes that a model with these labels gives them, matched by name; as they
        are where either has no names. Raises InputError, beginning with `place`, for a name it does not know."""
        if labels is None or self.labels in (None, labels):
            return self
        mapping = class_map(self.labels or (), labels, place)
        return Windows(self.x, None if self.y is None else renumbered(self.y, mapping), labels)


def load(path: Path, shape: tuple[int, ...] | None = None, allow_empty: bool = False) -> Windows:
    """Read a window file.

    With `shape` every window must have exactly that shape; with `allow_empty` there may be none. Raises InputError for a file that is
    missing, is no .npz, holds pickled objects, or whose arrays do not fit each other.
    """
    arrays = _read_arrays(Path(path))
    if "x" not in arrays:
        raise InputError(f"{path}: there is no array `x` in it", _HINT)
    x = _checked_x(path, arrays["x"], allow_empty)
    if x.dtype == np.float16:
        x = x.astype(np.float32)  # half precision is for small files, not for computing
    if shape is not None and tuple(x.shape[1:]) != tuple(shape):
        raise InputError(
            f"{path}: windows have shape {_shape(x.shape[1:])}, the model takes {_shape(shape)}",
            "make the windows with the preprocessing of this model, or name the model they belong to",
        )
    labels = _checked_labels(path, arrays["labels"]) if "labels" in arrays else None
    y = _checked_y(path, arrays["y"], len(x), labels) if "y" in arrays else None
    return Windows(x, y, labels)


def save(path: Path, windows: Windows) -> None:
    """Write a window file, whole or not at all. The same windows give the same bytes.

    x may be float16 to halve the file; `load` widens it.
    """
    arrays: dict[str, NDArray[Any]] = {"x": windows.x}
    if windows.y is not None:
        arrays["y"] = windows.y.astype(np.int64)
    if windows.labels is not None:
        arrays["labels"] = np.array(windows.labels, dtype=np.str_)
    buffer = io.BytesIO()
    # numpy stamps every member with the zip epoch, not the time of day, so this is reproducible.
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_atomic(Path(path), buffer.getvalue())


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    content = bounded.read(path, archive.LARGEST, _HINT)
    if content.startswith(archive.NPY):
        raise InputError(f"{path}: this is a single array, not an .npz of named arrays", _HINT)
    try:
        return archive.load(content, ("x", "y", "labels"))
    # A damaged archive makes zipfile, zlib and numpy fail in many ways, of many classes.
    except Exception as error:
        reason = str(error) if isinstance(error, ValueError) else "damaged or not an .npz file"
        raise InputError(f"{path}: cannot be read as windows ({reason:.200})", _HINT) from None


def _checked_x(path: Path, x: NDArray[Any], allow_empty: bool) -> NDArray[Any]:
    if x.dtype.kind not in "fiub" or x.ndim < 2:
        raise InputError(
            f"{path}: x must be numbers of shape (N, ...), it is {x.dtype} of shape {_shape(x.shape)}", _HINT
        )
    if x.shape[0] == 0 and not allow_empty:
        raise InputError(f"{path}: there is no window in it", _HINT)
    if x.dtype.kind == "f" and not bool(np.isfinite(x).all()):
        bad = int(np.argmax(~np.isfinite(x).reshape(len(x), -1).all(axis=1)))
        raise InputError(f"{path}: window {bad} holds a value that is not finite", "drop or repair it")
    return x


def _checked_labels(path: Path, labels: NDArray[Any]) -> tuple[str, ...]:
    if labels.ndim != 1 or labels.dtype.kind != "U" or labels.size == 0:
        found = f"{labels.dtype} of shape {_shape(labels.shape)}"
        raise InputError(f"{path}: labels must be a list of names, it is {found}", _HINT)
    return tuple(str(name) for name in labels)


def _checked_y(path: Path, y: NDArray[Any], count: int, labels: tuple[str, ...] | None) -> NDArray[np.int64]:
    if y.shape != (count,) or y.dtype.kind not in "iu":
        found = f"{y.dtype} of shape {_shape(y.shape)}"
        raise InputError(f"{path}: y must be {count} whole numbers, one per window, it is {found}", _HINT)
    low, high = (int(y.min()), int(y.max())) if count else (0, 0)
    most = len(labels) - 1 if labels is not None else _MOST_CLASSES
    if low < 0 or high > most:
        allowed = f"0..{most}"
        raise InputError(f"{path}: y holds class {low if low < 0 else high}, allowed is {allowed}", _HINT)
    return y.astype(np.int64)


def _shape(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(str(size) for size in shape) + ")"
