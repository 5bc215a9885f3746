"""HDF5 of any layout: an array by its path, `group/data`; a field of a table, as emg2qwerty's
`emg2qwerty/timeseries/emg_left`, by one more name; an attribute that is text by `group@name`."""

from __future__ import annotations

from typing import Any

import numpy as np

from emgdeploy import optional

_ALWAYS, _RATIO, _MOST = 64 << 20, 100, 200


def read(path: str, wanted: list[str], size: int) -> dict[str, Any]:
    """Those of `wanted` that it has, as they lie; `x` is also the only matrix there is. Raises ValueError."""
    h5py = optional.load("h5py", extra="data")
    room = max(_ALWAYS, _RATIO * size)
    with h5py.File(path, "r") as file:
        there = _arrays(h5py, file)
        found = {name: _value(file, there, name, room) for name in wanted}
        matrices = [name for name in there if len(file[name].shape) == 2]
        if "x" in found and found["x"] is None and len(matrices) == 1:
            found["x"] = _value(file, there, matrices[0], room)
        values = {name: value for name, value in found.items() if value is not None}
        return {**values, "@there": np.array(there or [""])}


def _arrays(h5py: Any, group: Any, before: str = "", depth: int = 8) -> list[str]:
    """Paths of the arrays, by links within this file alone."""
    found: list[str] = []
    for name in group:
        if len(found) > _MOST or not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        item = group[name]
        if isinstance(item, h5py.Dataset):
            found.append(before + name)
        elif depth:
            found += _arrays(h5py, item, f"{before}{name}/", depth - 1)
    return found


def _value(file: Any, there: list[str], wanted: str, room: int) -> Any:
    group, at, attribute = wanted.partition("@")
    if at:
        own = type(file.get(group, getlink=True)).__name__ == "HardLink"  # others lead out of the file
        text = file[group].attrs.get(attribute) if own else None
        return np.array(text) if isinstance(text, str) and len(text) <= room else None
    name, _, column = (wanted, "", "") if wanted in there else wanted.rpartition("/")
    if name not in there:
        return None
    item = file[name]
    if column and column not in (item.dtype.names or ()):
        return None
    # Such an array may point to any other file.
    if item.external or item.is_virtual:
        raise ValueError("it keeps its values in another file")
    if item.size * item.dtype.itemsize > room:
        raise ValueError(f"it claims {item.size:,} values, more than it can hold")
    value = np.asarray(item[column] if column else item[()])
    return value.astype(np.str_) if value.dtype.kind in "OS" else value
