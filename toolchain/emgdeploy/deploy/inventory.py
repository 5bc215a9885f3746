"""A build's memory, taken apart: by purpose and by source file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emgdeploy.binary import mapfile
from emgdeploy.errors import InputError
from emgdeploy.firmware.manifest import Manifest


@dataclass(frozen=True)
class Part:
    """Bytes that one purpose takes: stored with the image, and in RAM at run time."""

    name: str
    stored: int
    ram: int


@dataclass(frozen=True)
class FileShare:
    """What the linker kept of one object file or library member; bytes."""

    name: str
    text: int
    rodata: int
    data: int
    bss: int


def parts(manifest: Manifest) -> list[Part]:
    """The image by purpose; the columns add up to flash_bytes, and to what is in RAM by nature."""
    model = manifest.weights_bytes + manifest.params_bytes + manifest.code_bytes
    variables = _variables(manifest)
    copied = manifest.constants_ram_bytes
    own = manifest.arena_bytes + manifest.stack_bytes + copied
    return [
        Part("weights", manifest.weights_bytes, 0),
        Part("biases, multipliers, tables", manifest.params_bytes, 0),
        Part("code of model and kernels", manifest.code_bytes, 0),
        Part("link, application, platform, libraries", manifest.flash_bytes - model, 0),
        *([Part("weights and parameters copied to RAM", 0, copied)] if copied else []),
        Part("arena", 0, manifest.arena_bytes),
        Part("stack", 0, manifest.stack_bytes),
        Part("buffers and other variables", 0, variables - own),
    ]


def _variables(manifest: Manifest) -> int:
    """ram_bytes without the code and constants that boards without flash keep in RAM, too."""
    runs_from_ram = len(manifest.memories) == 1
    return manifest.ram_bytes - (manifest.flash_bytes if runs_from_ram else 0)


def files(manifest: Manifest, folder: Path) -> list[FileShare]:
    """By file, the largest first. Raises InputError when the map is missing."""
    path = manifest.artifact(folder, "map")
    try:
        kept = mapfile.contributions(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", "build the folder again") from error
    names = sorted({item.object for item in kept})
    shares = [FileShare(_short(name), **mapfile.by_kind(kept, {name})) for name in names]
    return sorted(shares, key=lambda s: (-(s.text + s.rodata + s.data + s.bss), s.name))


def _short(name: str) -> str:
    """A library member without the folders of the machine that linked it."""
    return name if name.startswith("src/") else name.rpartition("/")[2]
