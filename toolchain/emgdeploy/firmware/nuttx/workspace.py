"""A copy of a tree, in which everything happens: the user's own stays as it is."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from emgdeploy.errors import ToolMissingError
from emgdeploy.firmware.compiler import CompileError, first_error
from emgdeploy.firmware.nuttx import kconfig, pinned
from emgdeploy.firmware.nuttx.tree import LEFT_OUT, Tree

_TIMEOUT_S = 3600
_DONE = ".complete"
# A make that called us would otherwise hand its own variables and its depth to the tree's.
_OF_AN_OUTER_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")


def cache_folder() -> Path:
    """Where copies of trees are kept; deleting it costs nothing but time."""
    return pinned.cache() / "trees"


class Workspace:
    """The copy of a tree for one configuration. log: what its tools said in the last build."""

    def __init__(self, tree: Tree, configuration: str) -> None:
        self.root = cache_folder() / f"{tree.kind}-{configuration}-{tree.fingerprint()}"
        self.nuttx = self.root / tree.nuttx
        self.log = self.root / "build.log"
        self._tree = tree

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One build at a time; another one waits."""
        self.root.parent.mkdir(parents=True, exist_ok=True)
        with self.root.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def prepare(self) -> None:
        """Copy the tree unless that was done before.

        A copy that was interrupted is made again. An existing configuration is not taken over.
        """
        if (self.root / _DONE).is_file():
            return
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir()
        for name, source in self._tree.parts.items():
            shutil.copytree(
                source,
                self.root / name,
                symlinks=True,
                ignore=lambda _, names: [name for name in names if name in LEFT_OUT],
            )
        self.log.write_bytes(b"")
        if (self.nuttx / ".config").is_file():
            self.run(["make", "distclean"], self.nuttx, "cleaning the copy of a configured tree")
        (self.root / _DONE).touch()

    def run(
        self, command: Sequence[str], folder: Path, what: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """Run a tool of the tree; its output goes to the log.

        Raises CompileError with the first compiler or make error when it fails.
        """
        outside = {name: value for name, value in os.environ.items() if name not in _OF_AN_OUTER_MAKE}
        variables = {**outside, **kconfig.variables(), "LC_ALL": "C", **(environment or {})}
        with self.log.open("ab") as log:
            begin = log.tell()
            done = subprocess.run(
                command,
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=_TIMEOUT_S,
            )
        if done.returncode != 0:
            with self.log.open("rb") as log:
                log.seek(begin)
                output = log.read().decode(errors="replace")
            raise CompileError(
                f"{what} failed: {first_error(output)}", f"the whole output is in {self.log}", output
            )


def check_tools() -> None:
    """Raise ToolMissingError for the first program that a build of NuttX needs and this machine lacks."""
    for tool, line in (
        ("make", "apt-get install make"),
        ("gcc", "apt-get install gcc libc6-dev"),
        ("flock", "apt-get install util-linux"),
        ("arm-none-eabi-gcc", "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    ):
        if shutil.which(tool) is None:
            raise ToolMissingError(f"{tool} is not installed, and NuttX is built with it", line)
    if not kconfig.available():
        raise ToolMissingError(
            "there are no kconfig tools, and NuttX is configured with them", "emgdeploy setup spresense"
        )
