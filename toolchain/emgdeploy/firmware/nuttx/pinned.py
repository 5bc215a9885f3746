"""The source trees that `emgdeploy setup` brings: which commits, from where, and whether they are here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.firmware.nuttx.tree import NUTTX, SDK, Tree, find_nuttx, find_sdk

DONE = ".complete"


@dataclass(frozen=True)
class Repository:
    """A public repository at one commit. place: its folder in the tree; mirrors: names under --from."""

    place: str
    url: str
    commit: str
    mirrors: tuple[str, ...]


# NuttX and its applications of 22 August 2026, the state that docs/spresense.md speaks of.
# The SDK is release 3.4.7; its two submodules are those that the release names.
_REPOSITORIES: dict[str, tuple[Repository, ...]] = {
    NUTTX: (
        Repository(
            "nuttx",
            "https://github.com/apache/nuttx",
            "4ebc8a7291df955dece09073b8798db2dfd6490b",
            ("nuttx",),
        ),
        Repository(
            "apps",
            "https://github.com/apache/nuttx-apps",
            "a71c329cfb0d40c853ddff6c943aed22e34b71a6",
            ("apps", "nuttx-apps"),
        ),
    ),
    SDK: (
        Repository(
            "spresense",
            "https://github.com/sonydevworld/spresense",
            "7fd61b2c03f06a4ff0302b84c755e58c338788b2",
            ("spresense",),
        ),
        Repository(
            "spresense/nuttx",
            "https://github.com/SPRESENSE/nuttx",
            "a98b7ce090a0db5aa36c0feced496592735c5c57",
            ("spresense-nuttx", "spresense/nuttx"),
        ),
        Repository(
            "spresense/sdk/apps",
            "https://github.com/SPRESENSE/nuttx-apps",
            "171503c848cb3bdf2ce56452606063d6bb055c2c",
            ("spresense-nuttx-apps", "spresense/sdk/apps"),
        ),
    ),
}

TITLES = {NUTTX: "NuttX and its applications", SDK: "the Spresense SDK"}


def cache() -> Path:
    """Everything that can be fetched or made again; deleting it costs nothing but time."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "emgdeploy"


def repositories(kind: str) -> tuple[Repository, ...]:
    """What the tree of `kind` ("nuttx" or "sdk") is put together from, outer ones first."""
    return _REPOSITORIES[kind]


def home(kind: str) -> Path:
    """Where the tree of `kind` belongs; the folder's name changes with any of its commits."""
    return cache() / "sources" / f"{kind}-{'-'.join(item.commit[:8] for item in repositories(kind))}"


def installed(kind: str) -> Tree | None:
    """The tree that `emgdeploy setup` brought, None where it did not."""
    if not (home(kind) / DONE).is_file():
        return None
    if kind == NUTTX:
        return find_nuttx(home(kind) / "nuttx")
    return find_sdk(home(kind) / "spresense")
