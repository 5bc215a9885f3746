"""A recording that grows on disk while its samples come, and becomes a `recordingfile` at the end.

Until then it is FILE.part: a line of JSON, then for each sample its time and its numbers. What a machine that stopped
left there is not lost: the next session under the same name makes a recording of it first.
"""

from __future__ import annotations

import itertools
import json
import zipfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError, UsageError
from emgdeploy.files import replacing, signals_held
from emgdeploy.signals import recordingfile
from emgdeploy.signals.float32_math import Single

_SCHEMA = "emgdeploy.part/1"
_LONGEST_HEADER = 1 << 20
_AT_ONCE = 1 << 14


class Spool:
    """path: of the recording, an .npz that is not there yet. recovered: where samples of an earlier session went,
    None where there were none. samples: so far."""

    def __init__(self, path: Path, rate_hz: float, unit: str, columns: int, names: tuple[str, ...]) -> None:
        check(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.samples = path, 0
        self._part = part_of(path)
        self.recovered = recover(self._part) if self._part.exists() else None
        self._head = {"schema": _SCHEMA, "rate_hz": rate_hz, "unit": unit, "names": names, "columns": columns}
        self._file: IO[bytes] = self._part.open("wb")
        self._file.write(json.dumps(self._head).encode() + b"\n")
        self._row = _row(columns)
        self._first: float | None = None

    def add(self, samples: Single, due: NDArray[np.float64]) -> None:
        """(S, columns) as they came, (S,) seconds of any clock."""
        if not len(due):
            return
        if self._first is None:
            self._first = float(due[0])
        rows = np.empty(len(due), self._row)
        rows["time_s"], rows["x"] = due - self._first, samples
        try:
            self._file.write(rows.tobytes())
        except OSError as error:  # a full disk is reported without a name
            error.filename = str(self._part)
            raise
        self.samples += len(due)

    def finish(self) -> None:
        """Make the recording, or nothing where no sample came. A second time does nothing."""
        if self._file.closed:
            return
        with signals_held():
            self._file.close()
            if self.samples:
                assemble(self._part, self.path)
            self._part.unlink()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()


def check(path: Path) -> None:
    """Raises UsageError where no recording can begin under that name."""
    if path.suffix != recordingfile.SUFFIX:
        raise UsageError(f"{path}: recordings are kept as {recordingfile.SUFFIX}", "give it that ending")
    if path.exists():
        raise UsageError(f"{path} is there already, and recordings are not replaced", "give another name")


def part_of(path: Path) -> Path:
    """Where the recording grows."""
    return path.with_name(path.name + ".part")


def recover(part: Path) -> Path | None:
    """Make a recording of what another session left, beside its own name; None where it has no whole sample."""
    stem = part.name.removesuffix(f"{recordingfile.SUFFIX}.part")
    names = (part.with_name(f"{stem}-recovered{n}{recordingfile.SUFFIX}") for n in itertools.count(1))
    path = next(name for name in names if not name.exists())
    with part.open("rb") as file:
        head = _header(file, part)
        if part.stat().st_size - file.tell() < _row(head["columns"]).itemsize:
            return None
    assemble(part, path)
    return path


def assemble(part: Path, path: Path) -> None:
    """The recording of a part, whole or not at all, without ever holding it in memory."""
    with part.open("rb") as file:
        head = _header(file, part)
        row = _row(head["columns"])
        rows = np.memmap(file, row, "r", file.tell(), ((part.stat().st_size - file.tell()) // row.itemsize,))
        with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            _array(archive, recordingfile.SAMPLES, rows, "x")
            _array(archive, "time_s", rows, "time_s")
            small = {"rate_hz": np.array(head["rate_hz"]), "unit": np.array(head["unit"])}
            if head["names"]:
                small["names"] = np.array(head["names"], np.str_)
            for name, value in small.items():
                with archive.open(f"{name}.npy", "w") as out:
                    np.lib.format.write_array(out, value, allow_pickle=False)
        del rows


def _row(columns: int) -> np.dtype[np.void]:
    return np.dtype([("time_s", "<f8"), ("x", "<f4", (columns,))])


def _header(file: IO[bytes], part: Path) -> dict[str, Any]:
    try:
        head = json.loads(file.readline(_LONGEST_HEADER))
        right = head["schema"] == _SCHEMA and type(head["columns"]) is int and 0 < head["columns"] <= 1 << 16
        right = right and isinstance(head["names"], list) and isinstance(head["unit"], str)
        right = right and type(head["rate_hz"]) in (int, float)
    except (ValueError, KeyError, TypeError):
        right = False
    if not right:
        raise InputError(
            f"{part}: is not what a session left that did not end", "move it away, or give another name"
        )
    return dict(head)


def _array(archive: zipfile.ZipFile, name: str, rows: NDArray[np.void], field: str) -> None:
    column = rows[field]
    head = {"descr": column.dtype.str, "fortran_order": False, "shape": column.shape}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as out:
        np.lib.format.write_array_header_2_0(out, head)
        for begin in range(0, len(column), _AT_ONCE):
            out.write(column[begin : begin + _AT_ONCE].tobytes())
