"""MATLAB files of others, read as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emgdeploy import optional
from emgdeploy.errors import InputError


def load(path: Path, wanted: tuple[str, ...], hint: str) -> dict[str, Any]:
    """The arrays `wanted` of a MATLAB file (version 4 to 7).

    Raises InputError for a file that cannot be read or lacks one of them, ToolMissingError without scipy.
    """
    reader = optional.load("scipy.io", extra="data")
    try:
        content: dict[str, Any] = reader.loadmat(path, variable_names=wanted)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or 'damaged'})", hint) from None
    except NotImplementedError:
        raise InputError(
            f"{path}: is a MATLAB 7.3 file, which this reader does not take", "save it with -v7 in MATLAB"
        ) from None
    # A damaged file makes the reader fail in many ways, of many classes.
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: is damaged or no MATLAB file ({reason:.100})", hint) from None
    for name in wanted:
        if name not in content:
            raise InputError(f"{path}: there is no `{name}` in it", hint)
    return content
