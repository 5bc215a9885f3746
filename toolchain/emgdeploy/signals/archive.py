"""Arrays of .npy and .npz files of others, never unpickled, never larger than their file can account for.

Headers are compared with the bytes that are there before numpy makes room for what they claim.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Collection
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

NPY = b"\x93NUMPY"
LARGEST = 8 << 30
"""Bytes of the largest file of arrays."""

_MOST_MEMBERS = 10_000
_KINDS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# What zeros and labels compress to in real files stays well below; small files may be mostly zeros.
_RATIO, _ALWAYS, _USUALLY = 100, 64 << 20, 1 << 30


def load(content: bytes, names: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz: those of `names` that it has, or all.

    Raises ValueError, and what zipfile, zlib and numpy raise for a damaged file.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = _members(archive, len(content))
        wanted = [name for name in members if names is None or name in names]
        for name in wanted:
            with archive.open(members[name]) as file:
                _check_header(file, members[name].file_size)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in wanted}


def load_one(content: bytes) -> NDArray[Any]:
    """The array of an .npy. Raises ValueError, and what numpy raises for a damaged file."""
    _check_header(io.BytesIO(content), len(content))
    array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    return array


def check_room(archive: zipfile.ZipFile, size: int) -> None:
    """Raises ValueError for a zip file of `size` bytes whose members claim to become far more."""
    entries = archive.infolist()
    if len(entries) > _MOST_MEMBERS:
        raise ValueError(f"it has {len(entries)} members")
    room = min(max(_ALWAYS, _RATIO * size), max(_USUALLY, 2 * size))
    whole = sum(entry.file_size for entry in entries)
    if whole > room:
        raise ValueError(f"its {size:,} bytes would become {whole:,}")
    if any(entry.compress_type not in _KINDS for entry in entries):
        raise ValueError("it is compressed in an unknown way")


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    check_room(archive, size)
    return {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}


def _check_header(file: IO[bytes], size: int) -> None:
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"an array has version {version}")
    shape, _, dtype = readers[version](file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != size - file.tell():
        raise ValueError(f"an array of shape {shape} does not fit into its {size} bytes")
