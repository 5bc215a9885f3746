"""Whether the bytes of a .tflite file are a FlatBuffer at all: every offset, size and alignment.

The accessors believe what they read, so everything is looked at once before any of them is used:
each table and its list of fields, each vector and string to its end, as far as the schema of TFLite
goes that this compiler knows.
Format: https://flatbuffers.dev/internals/ ; schema: tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

from emgdeploy.errors import InputError

# What to do about a damaged file.
HINT = "export the model again and check that the file was copied whole"

_U8, _U16, _U32, _I32 = (struct.Struct(f"<{code}") for code in "BHIi")
_LARGEST_OFFSET = 2**31 - 1
_MAX_TABLES = 200_000
_MAX_DEPTH = 16


@dataclass(frozen=True)
class Field:
    """One slot of a table: a scalar of `size` bytes, or what its offset leads to."""

    kind: Literal["scalar", "string", "vector", "table", "tables", "union", "opaque"]
    size: int = 0
    table: str = ""


def _scalars(*sizes: int) -> tuple[Field, ...]:
    return tuple(Field("scalar", size) for size in sizes)


_STRING = Field("string")
_BYTES, _INTS, _LONGS = (Field("vector", size) for size in (1, 4, 8))
_OPAQUE = Field("opaque")

_TABLES: dict[str, tuple[Field, ...]] = {
    "Model": (
        *_scalars(4), Field("tables", table="OperatorCode"), Field("tables", table="SubGraph"), _STRING,
        Field("tables", table="Buffer"), _INTS, Field("tables", table="Metadata"),
        Field("tables", table="SignatureDef"),
    ),
    "OperatorCode": (*_scalars(1), _STRING, *_scalars(4, 4)),
    "SubGraph": (
        Field("tables", table="Tensor"), _INTS, _INTS, Field("tables", table="Operator"), _STRING,
        *_scalars(4),
    ),
    "Tensor": (
        _INTS, *_scalars(1, 4), _STRING, Field("table", table="Quantization"), *_scalars(1), _OPAQUE, _INTS,
        *_scalars(1), _OPAQUE, *_scalars(4),
    ),
    "Quantization": (_INTS, _INTS, _INTS, _LONGS, *_scalars(1), _OPAQUE, *_scalars(4)),
    "Operator": (
        *_scalars(4), _INTS, _INTS, *_scalars(1), Field("union", 3), _BYTES, *_scalars(1), _BYTES, _INTS,
        *_scalars(8, 8, 1), _OPAQUE, *_scalars(4),
    ),
    "Buffer": (_BYTES, *_scalars(8, 8)),
    "Metadata": (_STRING, *_scalars(4)),
    "SignatureDef": (
        Field("tables", table="TensorMap"), Field("tables", table="TensorMap"), _STRING, _OPAQUE, *_scalars(4),
    ),
    "TensorMap": (_STRING, *_scalars(4)),
}  # fmt: skip

# Operators' options by their number in the schema's union.
_OPTIONS: dict[int, tuple[Field, ...]] = {
    1: _scalars(1, 4, 4, 1, 4, 4, 1),  # Conv2DOptions
    2: _scalars(1, 4, 4, 4, 1, 4, 4),  # DepthwiseConv2DOptions
    5: _scalars(1, 4, 4, 4, 4, 1),  # Pool2DOptions
    8: _scalars(1, 1, 1, 1, 1),  # FullyConnectedOptions
    9: _scalars(4),  # SoftmaxOptions
    10: _scalars(4, 1),  # ConcatenationOptions
    11: _scalars(1, 1),  # AddOptions
    17: (_INTS,),  # ReshapeOptions
    21: _scalars(1),  # MulOptions
    22: (),  # PadOptions
    23: _scalars(4, 4),  # GatherOptions
    24: (),  # BatchToSpaceNDOptions
    25: (),  # SpaceToBatchNDOptions
    26: (),  # TransposeOptions
    27: _scalars(1),  # ReducerOptions
    28: _scalars(1, 1),  # SubOptions
    29: _scalars(1),  # DivOptions
    30: (_INTS,),  # SqueezeOptions
    32: _scalars(4, 4, 4, 4, 4, 1),  # StridedSliceOptions
    35: _scalars(4),  # SplitOptions
    33: (),  # ExpOptions
    37: _scalars(1, 1),  # CastOptions
    38: (),  # DequantizeOptions
    39: (),  # MaximumMinimumOptions
    48: (),  # SliceOptions
    49: _scalars(1, 4, 4, 1, 1),  # TransposeConvOptions
    51: (),  # TileOptions
    52: (),  # ExpandDimsOptions
    55: _scalars(1),  # ShapeOptions
    59: _scalars(4, 4),  # PackOptions
    64: _scalars(4, 4),  # UnpackOptions
    75: _scalars(4),  # LeakyReluOptions
    78: (),  # AbsOptions
    79: _scalars(4),  # SplitVOptions
    # Less, Neg, Greater, GreaterEqual, LessEqual, Select, Equal, NotEqual, Pow, LogicalOr, LogicalAnd, LogicalNot,
    # FloorDiv, Square, FloorMod, SquaredDifference, Cos, SelectV2, Sign
    **dict.fromkeys((41, 42, 44, 45, 46, 47, 53, 54, 56, 60, 62, 63, 65, 66, 72, 76, 84, 98, 123), ()),
    89: (),  # QuantizeOptions
    91: (),  # HardSwishOptions
    93: _scalars(4, 4),  # WhileOptions
    101: _scalars(1, 1, 1),  # BatchMatMulOptions
    104: (),  # BroadcastToOptions
    116: _scalars(1),  # GeluOptions
}


def check_structure(data: bytes, source: str) -> None:
    """Raise InputError naming the place when a table, vector or string leaves the file."""
    _Checker(data, source).root()


class _Checker:
    def __init__(self, data: bytes, source: str) -> None:
        self.data = data
        self.source = source
        self.tables = 0

    def root(self) -> None:
        self._table(self._target(0, "root"), "Model", _TABLES["Model"], 0)

    def _need(self, holds: bool, what: str, at: int) -> None:
        if not holds:
            raise InputError(f"{self.source} is damaged: {what} at byte {at} is out of place", HINT)

    def _inside(self, at: int, size: int, alignment: int, what: str) -> None:
        self._need(at >= 0 and at + size <= len(self.data) and at % alignment == 0, what, at)

    def _target(self, at: int, what: str) -> int:
        """Where the offset stored at `at` leads."""
        self._inside(at, 4, 4, what)
        offset = _U32.unpack_from(self.data, at)[0]
        self._need(0 < offset <= _LARGEST_OFFSET and at + offset < len(self.data), what, at)
        return at + int(offset)

    def _table(self, at: int, name: str, fields: tuple[Field, ...], depth: int) -> None:
        self.tables += 1
        self._need(self.tables <= _MAX_TABLES and depth <= _MAX_DEPTH, f"one table too many ({name})", at)
        self._inside(at, 4, 4, name)
        slots = at - _I32.unpack_from(self.data, at)[0]
        self._inside(slots, 4, 2, f"{name}'s list of fields")
        size = _U16.unpack_from(self.data, slots)[0]
        self._need(size % 2 == 0 and size >= 4, f"{name}'s list of fields", slots)
        self._inside(slots, size, 2, f"{name}'s list of fields")
        places = struct.unpack_from(f"<{(size - 4) // 2}H", self.data, slots + 4)
        for slot, (field, place) in enumerate(zip(fields, places, strict=False)):
            if place:
                self._field(field, at + place, f"{name} field {slot}", depth, at, places)

    def _field(
        self, field: Field, at: int, what: str, depth: int, table: int, places: tuple[int, ...]
    ) -> None:
        if field.kind == "scalar":
            self._inside(at, field.size, field.size, what)
            return
        target = self._target(at, what)
        if field.kind == "string":
            end = target + 4 + self._vector(target, 1, what)
            self._need(end < len(self.data) and self.data[end] == 0, what, target)
        elif field.kind == "vector":
            self._vector(target, field.size, what)
        elif field.kind == "table":
            self._table(target, field.table, _TABLES[field.table], depth + 1)
        elif field.kind == "tables":
            for i in range(self._vector(target, 4, what)):
                element = self._target(target + 4 + 4 * i, what)
                self._table(element, field.table, _TABLES[field.table], depth + 1)
        elif field.kind == "union":
            self._union(target, self._union_type(field.size, table, places), depth)

    def _vector(self, at: int, size: int, what: str) -> int:
        """The number of elements of a vector that lies in the file to its end."""
        self._inside(at, 4, 4, what)
        count = int(_U32.unpack_from(self.data, at)[0])
        self._need(at + 4 + count * size <= len(self.data), what, at)
        return count

    def _union_type(self, slot: int, table: int, places: tuple[int, ...]) -> int:
        place = places[slot] if slot < len(places) else 0
        return int(_U8.unpack_from(self.data, table + place)[0]) if place else 0

    def _union(self, at: int, number: int, depth: int) -> None:
        # Options of other operators are never read: those operators are refused by name.
        if number in _OPTIONS:
            self._table(at, f"options {number}", _OPTIONS[number], depth + 1)
