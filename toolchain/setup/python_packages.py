"""pip-install this project with some of its extras, taking a CPU build of torch where there is one.

    .venv/bin/python python_packages.py EXTRA[,EXTRA...]

Indexes, wheel folders and certificates are those of the user's own pip configuration. The plain
torch for Linux brings gigabytes of GPU libraries, so a version with the local label "+cpu" is asked
for by name when pip can see one, or when the variable TORCH_CPU_INDEX names an index of such builds.
Where an NVIDIA driver is installed the choice stays with pip.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_PIP = [sys.executable, "-m", "pip"]
_CPU_INDEX = os.environ.get("TORCH_CPU_INDEX", "")


def main() -> int:
    """Install the project editable with the extras named on the command line."""
    extras = sys.argv[1]
    requirement = _torch_requirement()
    torch = "" if Path("/proc/driver/nvidia").exists() else _cpu_torch(requirement)
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text(f"{torch}\n")
        print(f"installing emgdeploy[{extras}] into {sys.prefix}", flush=True)
        command = ["install", "--quiet", "--constraint", str(constraints), "--editable", f"{_ROOT}[{extras}]"]
        return _pip(*command).returncode


def _cpu_torch(requirement: str) -> str:
    """`torch==<newest CPU build within bounds>`, installed already where pip alone would not find it."""
    if version := _newest_cpu(requirement):
        return f"torch=={version}"
    if not _CPU_INDEX:
        return ""
    here = ["--index-url", _CPU_INDEX]
    version = _newest_cpu(requirement, *here, "--timeout", "5", "--retries", "0")
    # Installed by itself, so that no other package is ever taken from that index by its name alone.
    if version and _pip("install", "--quiet", f"torch=={version}", *here).returncode == 0:
        return f"torch=={version}"
    return ""


def _newest_cpu(requirement: str, *options: str) -> str:
    listing = _pip("index", "versions", "torch", *options, capture=True).stdout
    versions = [v for v in re.findall(r"\d+\.\d+\.\d+\+cpu", listing) if _within(v, requirement)]
    return max(versions, key=_as_numbers, default="")


def _torch_requirement() -> str:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    return next(item for items in extras.values() for item in items if re.match(r"torch\b", item))


def _within(version: str, requirement: str) -> bool:
    low, high = (re.search(pattern, requirement) for pattern in (r">=([\d.]+)", r"<([\d.]+)"))
    numbers = _as_numbers(version)
    return (not low or numbers >= _as_numbers(low[1])) and (not high or numbers < _as_numbers(high[1]))


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("+")[0].split("."))


def _pip(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_PIP, *arguments], capture_output=capture, text=True)


if __name__ == "__main__":
    sys.exit(main())
