"""A part of a .tflite as a .tflite of its own: the same bytes, in which other operators are listed.

Nothing is written anew, so that options, versions and constants are the file's to the last bit.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from typing import Any

import tflite

# Places of fields in the lists of fields of the schema's tables.
_SHAPE = 4
_INPUTS, _OUTPUTS, _OPERATORS = 6, 8, 10


def excerpt(
    data: bytes, operators: Sequence[int], entry: int, exit_: int, computed: Collection[int], count: int
) -> bytes | None:
    """The file with these of its operators alone, in rising order, from tensor `entry` to tensor `exit_`.

    Each tensor of `computed` gets the shape (1, ..., count) in its rank. data: a file whose structure was checked.
    None where the file lets tensors share what would have to be changed for some of them.
    """
    made = bytearray(data)
    graph = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    for field, index in ((_INPUTS, entry), (_OUTPUTS, exit_)):
        start = _start(graph, field)
        if start is None or not struct.unpack_from("<I", data, start - 4)[0]:
            return None
        struct.pack_into("<Ii", made, start - 4, 1, index)
    _keep(data, made, _start(graph, _OPERATORS) or 0, operators)
    shapes = {i: _start(graph.Tensors(i), _SHAPE) for i in range(graph.TensorsLength())}
    changed = {shapes[i] for i in computed}
    if None in changed or changed & {start for i, start in shapes.items() if i not in computed}:
        return None
    for i in computed:
        rank = graph.Tensors(i).ShapeLength()
        if rank == 0:
            return None
        struct.pack_into(f"<{rank}i", made, shapes[i] or 0, *(1,) * (rank - 1), count)
    return bytes(made)


def _start(table: Any, field: int) -> int | None:
    """Where the elements of a vector begin."""
    offset = table._tab.Offset(field)
    return int(table._tab.Vector(offset)) if offset else None


def _keep(data: bytes, made: bytearray, start: int, operators: Sequence[int]) -> None:
    """Offsets count from where they stand, and only forward: each moves toward the front."""
    for place, index in enumerate(operators):
        at = start + 4 * index
        target = at + struct.unpack_from("<I", data, at)[0]
        struct.pack_into("<I", made, start + 4 * place, target - (start + 4 * place))
    struct.pack_into("<I", made, start - 4, len(operators))
