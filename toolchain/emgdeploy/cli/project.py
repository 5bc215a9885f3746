"""A project: options that stand in emgdeploy.toml, in the current folder or the nearest one above it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy.errors import InputError

FILE = "emgdeploy.toml"
# What only somebody at the keyboard may say.
_NEVER = ("config", "trust_folder", "json", "trace")


@dataclass(frozen=True)
class Project:
    """path: of the file. folder: what its paths are relative to, as seen from the current folder."""

    path: Path
    folder: Path


def find() -> Project | None:
    """The nearest one from the current folder upwards; None without any."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return Project(folder / FILE, Path() if folder == here else folder)
    return None


def is_anothers(path: Path) -> bool:
    """Whether somebody else could have written it: options name files, and a network of one's own is code."""
    if not hasattr(os, "getuid"):
        return False
    return any(
        found.st_uid not in (os.getuid(), 0) or found.st_mode & 0o002
        for found in (path.stat(), path.parent.stat())
    )


def refuse(project: Project, key: str) -> None:
    """Raises InputError for an option that no file may give."""
    if key.replace("-", "_") in _NEVER:
        raise InputError(f"{project.path}: {key} is not for a file to say", f"take {key} out of it")


def placed(
    project: Project, options: Mapping[str, argparse.Action], values: dict[str, Any]
) -> dict[str, Any]:
    """The values, with paths taken from the project's folder."""
    return {dest: _placed(project, options[dest], value) for dest, value in values.items()}


def _placed(project: Project, action: argparse.Action, value: Any) -> Any:
    if action.type is not Path:
        return value
    if isinstance(value, list):
        return [project.folder / one for one in value]
    return project.folder / value


def text(recordings: str = ".") -> str:
    """What `init` writes: how recordings become a network, and it a build."""
    return f"""# Options of emgdeploy's commands in this folder and below; paths are taken from here. docs/cli.md
[check]
dataset = "files"
data = "{recordings}"

[train]
dataset = "files"
data = "{recordings}"
out = "net"

[eval]
dataset = "files"
data = "{recordings}"
checkpoint = "net/checkpoint.pt"

[build]
model = "net/checkpoint.pt"
calibration = "net/calibration.npz"
"""
