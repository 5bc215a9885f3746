"""Finding a C compiler and running it so that the same sources give the same bytes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.cores import Core
from emgdeploy.errors import EmgDeployError, ToolMissingError
from emgdeploy.text import printable

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-Wundef", "-Wstrict-prototypes")
LANGUAGE = ("-std=c99", "-O2", "-g", "-ffunction-sections", "-fdata-sections", "-fno-common")
# GCC's table of which function calls which, with the stack of each: firmware/stack.py reads it.
CALL_GRAPH = "-fcallgraph-info=su"

_APT = {"": "apt-get install gcc libc6-dev", "arm-none-eabi-": "apt-get install gcc-arm-none-eabi"}
_LIBRARY_APT = {"": "apt-get install libc6-dev", "arm-none-eabi-": "apt-get install libnewlib-arm-none-eabi"}
_TIMEOUT_S = 300


@dataclass(frozen=True)
class Compiler:
    """A GCC and its companions. prefix: "" for this machine, "arm-none-eabi-" for Arm cores."""

    prefix: str
    gcc: str
    objcopy: str
    version: str

    def compile(
        self, sources: Sequence[Path], flags: Sequence[str], root: Path, headers: Path | None = None
    ) -> list[Path]:
        """Compile `sources` (relative to `root`); each object lies beside its source, as `.o`.

        headers: one more folder of system headers. Raises CompileError with the first error of the
        first source that fails.
        """
        if headers is not None:
            flags = (*flags, "-isystem", str(headers), f"-ffile-prefix-map={headers}=standin")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda source: self._object(source, flags, root), sources))

    def _object(self, source: Path, flags: Sequence[str], root: Path) -> Path:
        target = source.with_suffix(".o")
        command = [self.gcc, *flags, *_reproducible(root), "-c", str(source), "-o", str(target)]
        self.run(command, root, f"compiling {source}")
        return target

    def link(self, objects: Sequence[Path], flags: Sequence[str], image: Path, root: Path) -> None:
        """Link into `image` (relative to `root`), with a map file of the same name beside it."""
        unused = ("-Wl,--gc-sections", "-Wl,--build-id=none", f"-Wl,-Map={image.with_suffix('.map')}")
        command = [self.gcc, *flags, *unused, *map(str, objects), "-o", str(image)]
        self.run(command, root, f"linking {image.name}")

    def raw_image(self, elf: Path, binary: Path, root: Path) -> None:
        """The bytes that go into the board's memory, from `elf`."""
        self.run([self.objcopy, "-O", "binary", str(elf), str(binary)], root, f"writing {binary.name}")

    def run(self, command: Sequence[str], root: Path, what: str) -> None:
        """Run a tool in `root`. Raises EmgDeployError naming `what` and the tool's first error."""
        # Messages in English are what first_error understands.
        environment = {**os.environ, "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
        try:
            done = subprocess.run(
                command, cwd=root, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S
            )
        except subprocess.TimeoutExpired as error:
            raise EmgDeployError(
                f"{what} took longer than {_TIMEOUT_S} s", "is the machine overloaded?"
            ) from error
        if done.returncode == 0:
            return
        first = first_error(done.stderr)
        if "No such file or directory" in first and re.search(r"fatal error: \w+(/\w+)?\.h:", first):
            raise ToolMissingError(f"{what}: the C library's headers are missing", _LIBRARY_APT[self.prefix])
        raise CompileError(f"{what} failed: {first}", f"compiled with {self.version}", done.stderr)


class CompileError(EmgDeployError):
    """A compiler or linker run that failed; `output` is all it said."""

    def __init__(self, message: str, hint: str, output: str) -> None:
        super().__init__(message, hint)
        self.output = output


def first_error(output: str) -> str:
    """The first line of a compiler's output that says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marks = (" error: ", "undefined reference", " overflowed by ", "multiple definition", "cannot find")
    for line in lines:
        if any(mark in line for mark in marks):
            return printable(line)
    return printable(lines[0]) if lines else "no message"


def _reproducible(root: Path) -> tuple[str, ...]:
    """Keep the folder we happen to build in out of the object files."""
    return (f"-ffile-prefix-map={root.resolve()}=.", "-fno-record-gcc-switches")


def find(core: Core) -> Compiler:
    """The compiler for `core`. Raises ToolMissingError with the line that installs it."""
    gcc, objcopy = (shutil.which(core.tools + tool) for tool in ("gcc", "objcopy"))
    if gcc is None or objcopy is None:
        missing = core.tools + ("gcc" if gcc is None else "objcopy")
        raise ToolMissingError(f"{missing} is not installed", _APT[core.tools])
    return Compiler(core.tools, gcc, objcopy, _version(gcc))


def _version(gcc: str) -> str:
    done = subprocess.run(
        [gcc, "--version"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        raise ToolMissingError(f"{gcc} does not start", "install it again")
    return printable(lines[0])
