"""What the tests of a room reach: Python by coverage.py, also in processes that they start; C by gcov of native builds."""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT

HOME = ROOT / "build/long/coverage"
# A gcc that notes what runs. What it writes beside an object is kept: builds delete their objects.
_GCC = """#!/bin/sh
{gcc} --coverage -fprofile-update=atomic "$@"
status=$?
out=a.out
while [ $# -gt 0 ]; do
  [ "$1" = -o ] && out=$2
  shift
done
case $out in /*) ;; *) out=$PWD/$out ;; esac
mkdir -p "$GCOV_PREFIX${{out%/*}}"
for note in "${{out%.*}}"*.gcno; do
  [ -f "$note" ] && cp -f "$note" "$GCOV_PREFIX$note"
done
exit $status
"""
_SETTINGS = """[run]
source = {package}
parallel = true
data_file = {data}
patch = _exit, subprocess
sigterm = true
disable_warnings = no-data-collected, module-not-imported, couldnt-parse
"""
_RUNTIME = re.compile(r"(?:^|/)((?:runtime|platforms)/.*\.[ch])$|(?:^|/)(kernels/.*\.[ch])$")


@dataclass(frozen=True)
class Reached:
    """lines: of each file, line -> whether it ran."""

    lines: dict[str, dict[int, bool]]

    @property
    def share(self) -> float:
        """Of all lines, from 0 to 1."""
        every = [ran for file in self.lines.values() for ran in file.values()]
        return sum(every) / max(1, len(every))

    def left(self) -> dict[str, list[int]]:
        """The lines that did not run."""
        return {
            name: [line for line, ran in sorted(file.items()) if not ran]
            for name, file in sorted(self.lines.items())
            if not all(file.values())
        }


def run(room: str) -> str:
    """Run a room's tests under both, keep what they reached below HOME, and say how they ended."""
    home = HOME / room
    shutil.rmtree(home, ignore_errors=True)
    (home / "bin").mkdir(parents=True)
    gcc = home / "bin/gcc"
    gcc.write_text(_GCC.format(gcc=shutil.which("gcc")))
    gcc.chmod(0o755)
    settings = home / "coverage.ini"
    settings.write_text(_SETTINGS.format(package=ROOT / "toolchain/emgdeploy", data=home / "python"))
    environment = {
        **os.environ,
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "GCOV_PREFIX": str(home / "gcov"),
        "PYTHONPATH": os.pathsep.join(
            [str(ROOT / "toolchain"), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
        ),
    }
    command = [
        sys.executable,
        "-m",
        "coverage",
        "run",
        f"--rcfile={settings}",
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, str(ROOT / "tests" / room)], capture_output=True, text=True, env=environment, cwd=ROOT
    )
    assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
    subprocess.run(
        [sys.executable, "-m", "coverage", "combine", "-q", f"--rcfile={settings}"],
        env=environment,
        cwd=ROOT,
        check=True,
    )
    (home / "c.json").write_text(json.dumps(_gcov(home / "gcov")))
    shutil.rmtree(home / "gcov", ignore_errors=True)
    return done.stdout.strip().splitlines()[-1]


def python(rooms: list[str]) -> Reached:
    """Of the whole package, what the tests of `rooms` reached together."""
    import coverage

    found = coverage.Coverage(data_file=str(HOME / "all"), source=[str(ROOT / "toolchain/emgdeploy")])
    found.combine([str(path) for room in rooms for path in (HOME / room).glob("python*")], keep=True)
    lines = {}
    for path in sorted((ROOT / "toolchain/emgdeploy").rglob("*.py")):
        _, statements, _, missing, _ = found.analysis2(str(path))
        lines[str(path.relative_to(ROOT / "toolchain"))] = {
            line: line not in set(missing) for line in statements
        }
    return Reached(lines)


def c(rooms: list[str]) -> Reached:
    """Of all C of the runtime that was compiled natively."""
    lines: dict[str, dict[int, bool]] = defaultdict(dict)
    for room in rooms:
        for name, file in json.loads((HOME / room / "c.json").read_text()).items():
            for line, ran in file.items():
                lines[name][int(line)] = lines[name].get(int(line), False) or ran
    return Reached(dict(lines))


def _gcov(folder: Path) -> dict[str, dict[int, bool]]:
    lines: dict[str, dict[int, bool]] = defaultdict(dict)
    for note in sorted(folder.rglob("*.gcno")) if folder.is_dir() else []:
        command = ["gcov", "--json-format", "--stdout", str(note)]
        done = subprocess.run(command, capture_output=True, cwd=note.parent)
        for text in done.stdout.decode(errors="replace").splitlines():
            for file in json.loads(text)["files"] if text.startswith("{") else []:
                name = _RUNTIME.search(file["file"])
                for line in file["lines"] if name else []:
                    own = lines[_place(name)]  # type: ignore[arg-type]
                    own[line["line_number"]] = own.get(line["line_number"], False) or line["count"] > 0
    return lines


def _place(name: re.Match[str]) -> str:
    return posixpath.normpath(name[1] or f"runtime/{name[2]}")
