"""Whether the files of a build folder are still those that the build made: their SHA-256 in the manifest.

The hashes find what was changed, mixed up or cut short. They do not say who built the folder: whoever rewrites
a file can rewrite the manifest too (see `trust`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from emgdeploy.errors import InputError
from emgdeploy.files import sha256_of

Hashes = Mapping[str, str]
"""Path relative to the build folder -> SHA-256 in hexadecimal."""

_HINT = "build the folder again, or take an unchanged copy of it"


def of_folder(folder: Path) -> dict[str, str]:
    """The hash of every file below `folder`."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}


def check(folder: Path, name: str, hashes: Hashes | None) -> None:
    """Raises InputError when the file `name`, or one below the folder `name`, is not as it was built.

    hashes: None in a folder of version 0.1.0, which has none.
    """
    if hashes is None:
        return
    place = folder / name
    names = [name] if not place.is_dir() else [path for path in hashes if path.startswith(f"{name}/")]
    for path in names:
        if path not in hashes:
            raise InputError(f"{place} is not among the files that the build made", _HINT)
        if not (folder / path).is_file():
            raise InputError(f"{folder / path} is missing", _HINT)
    _refuse(folder, changed(folder, names, hashes))


def check_all(folder: Path, hashes: Hashes | None) -> None:
    """Raises InputError naming every file of the build that was changed; one that is missing may not be needed."""
    if hashes is not None:
        there = [name for name in hashes if (folder / name).is_file()]
        _refuse(folder, changed(folder, there, hashes))


def changed(folder: Path, names: Iterable[str], hashes: Hashes) -> list[str]:
    """Those of `names` whose content is another than the build's."""
    return [name for name in names if sha256_of(folder / name) != hashes[name]]


def _refuse(folder: Path, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise InputError(f"{folder}: changed since it was built: {', '.join(names[:3])}{more}", _HINT)
