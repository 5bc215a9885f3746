"""The FlatBuffers side of reading: every access to other people's bytes goes through here.

Format: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/schema/schema.fbs
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.graph.structure import HINT as HINT
from emgdeploy.graph.structure import check_structure

MAX_FILE_BYTES = 256 << 20
MAX_ITEMS = 20_000
MAX_ELEMENTS = 1 << 26
SCHEMA_VERSION = 3

_MALFORMED = (
    struct.error,
    IndexError,
    ValueError,
    TypeError,
    OverflowError,
    UnicodeError,
    AttributeError,
    KeyError,
    MemoryError,
)


@contextmanager
def guarded(source: str) -> Iterator[None]:
    """Turn whatever a damaged table makes the FlatBuffers accessors raise into one InputError."""
    try:
        yield
    except _MALFORMED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{source} is damaged: a table in it cannot be read ({reason})", HINT) from error


def count(source: str, what: str, length: int, most: int = MAX_ITEMS) -> range:
    """range(length), refused when no honest file has so many."""
    if not 0 <= length <= most:
        raise InputError(
            f"{source} is damaged: it claims {length} {what} (at most {most} are accepted)", HINT
        )
    return range(length)


def root(data: bytes, source: str) -> Any:
    """The Model table of a .tflite file; raises InputError when it is none."""
    import tflite

    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{source} has {len(data)} bytes; at most {MAX_FILE_BYTES} are accepted", HINT)
    if len(data) < 16 or data[4:8] != b"TFL3":
        raise InputError(f"{source} is no TFLite file: the identifier TFL3 is missing at byte 4", HINT)
    check_structure(data, source)
    with guarded(source):
        model = tflite.Model.GetRootAs(data, 0)
        if model.Version() != SCHEMA_VERSION:
            raise InputError(
                f"{source} has schema version {model.Version()}; {SCHEMA_VERSION} is supported", HINT
            )
        return model


def vector(table: Any, field: str, source: str, most: int = MAX_ITEMS) -> NDArray[Any]:
    """A scalar vector field as an array; empty when the field is absent."""
    length = getattr(table, f"{field}Length")()
    count(source, f"entries of {field}", length, most)
    if length == 0:
        return np.zeros(0, np.int64)
    return np.asarray(getattr(table, f"{field}AsNumpy")())


def builtin_code(operator_code: Any) -> int:
    """The 32-bit operator number; the accessor of the `tflite` package prefers the old 8-bit field."""
    slot = 10
    table = operator_code._tab
    offset = table.Offset(slot)
    return int(table.Get(flatbuffers.number_types.Int32Flags, offset + table.Pos)) if offset else 0


def options(op: Any, name: str) -> Any:
    """The operator's builtin options as the schema's table `name`; None when it has none of that type."""
    import tflite

    table = op.BuiltinOptions()
    if table is None or op.BuiltinOptionsType() != getattr(tflite.BuiltinOptions, name):
        return None
    result = getattr(tflite, name)()
    result.Init(table.Bytes, table.Pos)
    return result
