"""The C files of a build folder, as text: what an export copies, and nothing that leads out of the folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from emgdeploy.codegen.naming import files_of
from emgdeploy.errors import InputError
from emgdeploy.firmware import integrity
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.resources import FIRMWARE_TEMPLATES

CYCLE_COUNTER = "cycle_counter.h"


@dataclass(frozen=True)
class Divided:
    """texts: path -> text, all below `emg/`. model, wire: what a compiler is called with, for the model alone and
    for what speaks of it."""

    texts: dict[str, str]
    model: tuple[str, ...]
    wire: tuple[str, ...]


def model(folder: Path, manifest: Manifest) -> dict[str, str]:
    """Model, kernels, live recognition where the build has it, and their headers; path below src -> text."""
    names = {*_top(manifest), *manifest.sources, *_live(manifest)}
    parts = {PurePosixPath(name).parts[2] for name in names if name.startswith("src/runtime/")}
    headers = {path for part in parts for path in _below(folder, manifest, f"src/runtime/{part}", (".h",))}
    return _read(folder, manifest, names | headers)


def application(folder: Path, manifest: Manifest) -> dict[str, str]:
    """The same and the wire protocol, without what a platform adds; path below src -> text."""
    runtime = _below(folder, manifest, "src/runtime", (".c", ".h"))
    return _read(folder, manifest, {*_top(manifest), "src/build_info.h", *_live(manifest), *runtime})


def divided(folder: Path, manifest: Manifest) -> Divided:
    """The application, for build systems that let a user take the model without the wire."""
    texts = {f"emg/{name}": text for name, text in application(folder, manifest).items()}
    own = {f"emg/{name}" for name in model(folder, manifest)}
    names = compiled(texts)
    return Divided(texts, tuple(n for n in names if n in own), tuple(n for n in names if n not in own))


def cycle_counter() -> str:
    """The header that reads Arm's cycle counter, for whoever has no clock of its own that fine."""
    return (FIRMWARE_TEMPLATES / "platforms" / "dwt" / CYCLE_COUNTER).read_text(encoding="utf-8")


def compiled(files: dict[str, str]) -> list[str]:
    """Those that a compiler is called with."""
    return sorted(name for name in files if name.endswith(".c"))


def _top(manifest: Manifest) -> tuple[str, ...]:
    """The model's own files; in folders of older versions its data stands in model.c."""
    made = tuple(f"src/{name}" for name in files_of(manifest.name))
    return (
        tuple(name for name in made if name in manifest.hashes) if manifest.hashes is not None else made[:2]
    )


def _live(manifest: Manifest) -> tuple[str, ...]:
    return ("src/live.h", *manifest.live_sources) if manifest.live_sources else ()


def _below(folder: Path, manifest: Manifest, top: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """The files that the build made there; whatever else lies beside them is left alone."""
    for path in sorted((folder / top).rglob("*")):
        name = path.relative_to(folder).as_posix()
        made = manifest.hashes is None or name in manifest.hashes
        if made and path.suffix in suffixes and path.is_file():
            yield name


def _read(folder: Path, manifest: Manifest, names: set[str]) -> dict[str, str]:
    texts = {}
    for name in sorted(names):
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise InputError(
                f"{folder / name} leads out of the build folder",
                "do not use this folder; build it again with `emgdeploy build`",
            )
        integrity.check(folder, name, manifest.hashes)
        try:
            texts[name.removeprefix("src/")] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{path} cannot be read: {error}", "build the folder again with `emgdeploy build`"
            ) from error
    return texts
