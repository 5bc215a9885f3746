"""The results that lie in a folder and belong together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy import bounded
from emgdeploy.errors import InputError, UsageError
from emgdeploy.files import sha256_of
from emgdeploy.firmware import manifest as manifests
from emgdeploy.firmware.manifest import Manifest

Json = dict[str, Any]
TRAINED, RECORDED, BUILT = "metrics.json", "recordings.json", manifests.FILE
_LARGEST = 16 << 20
_DEEP, _MANY = 3, 20_000
_AGAIN = "make it again, or name another folder"


@dataclass(frozen=True)
class Found:
    """What there is: a training's folder and files, a build's, each None where there is none.

    where: the folder that was searched. bench, profile, arena: only if they are of this very build.
    """

    where: Path
    training: Path | None = None
    metrics: Json | None = None
    recordings: Json | None = None
    build: Path | None = None
    manifest: Manifest | None = None
    profile: Json | None = None
    bench: Json | None = None
    arena: Json | None = None


def find(where: Path) -> Found:
    """The newest build in or below a folder with the training of its model; without a build the newest training.

    Raises InputError for files that are damaged, UsageError where there is neither.
    """
    if not where.is_dir():
        raise InputError(f"there is no folder {where}", "name one that holds a training or a build")
    builds, trainings = (_newest(where, name) for name in (BUILT, TRAINED))
    if not builds and not trainings:
        raise UsageError(
            f"neither a training nor a build lies in or below {where}",
            "emgdeploy train --out DIR, or emgdeploy build --board NAME",
        )
    build = builds[0] if builds else None
    manifest = None if build is None else manifests.load(build)
    training = next(iter(trainings), None) if manifest is None else _trained(manifest, trainings)
    return Found(
        where,
        training,
        None if training is None else _read(training / TRAINED),
        None if training is None else _maybe(training / RECORDED),
        build,
        manifest,
        *(_of_build(build, manifest, name) for name in ("profile.json", "bench.json", "arena.json")),
    )


def _newest(where: Path, name: str) -> list[Path]:
    """Folders that hold a file of that name, the one written last first; not too far below, no links followed."""
    found = []
    for number, (folder, below, files) in enumerate(os.walk(where)):
        if number > _MANY:
            break
        deep = len(Path(folder).relative_to(where).parts)
        below[:] = [one for one in below if deep < _DEEP and not one.startswith(".")]
        if name in files:
            found.append(Path(folder))
    return sorted(found, key=lambda folder: (-(folder / name).stat().st_mtime, folder))


def _trained(manifest: Manifest, trainings: list[Path]) -> Path | None:
    """The training whose checkpoint the build is of."""
    for folder in trainings:
        with suppress(OSError):
            if sha256_of(folder / "checkpoint.pt") == manifest.model_sha256:
                return folder
    return None


def _of_build(build: Path | None, manifest: Manifest | None, name: str) -> Json | None:
    if build is None or manifest is None:
        return None
    found = _maybe(build / name)
    return (
        found if found is not None and found.get("firmware_build_id") == manifest.firmware_build_id else None
    )


def _maybe(path: Path) -> Json | None:
    return _read(path) if path.is_file() else None


def _read(path: Path) -> Json:
    found = bounded.parsed(path, _AGAIN, _LARGEST)
    if not isinstance(found, dict):
        raise InputError(f"{path} holds no table", _AGAIN)
    return found


@contextmanager
def as_written(what: str) -> Iterator[None]:
    """Results that are read back must be as emgdeploy writes them. Raises InputError saying whose are not."""
    try:
        yield
    except KeyError as error:
        raise InputError(f"{what}: there is no {error.args[0]!r} where one should be", _AGAIN) from error
    except (TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError, OverflowError) as error:
        raise InputError(f"{what}: not what emgdeploy writes ({str(error)[:120]})", _AGAIN) from error
