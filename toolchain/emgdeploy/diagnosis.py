"""What of the outside world is here: compilers, emulators, Python packages, serial permission."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.optional import install_line

_SECONDS = 10.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for.

    version: what was found, None when it is absent. purpose: what it is for, in words.
    verbs: the verbs that cannot do without it; empty for what is merely useful.
    remedy: what to type to get it.
    """

    name: str
    version: str | None
    purpose: str
    verbs: tuple[str, ...]
    remedy: str

    def blocks(self, verb: str) -> bool:
        """Whether `verb` cannot work because of this."""
        return self.version is None and verb in self.verbs


@dataclass(frozen=True)
class _Tool:
    command: str
    purpose: str
    verbs: tuple[str, ...]
    packages: str


_TOOLS = (
    _Tool("gcc", "board native, and checks of the generated C", ("build-native",), "gcc libc6-dev"),
    _Tool(
        "arm-none-eabi-gcc",
        "firmware for every Cortex-M board",
        ("build",),
        "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    ),
    _Tool("qemu-system-arm", "running Cortex-M firmware without a board", ("emulate",), "qemu-system-arm"),
    _Tool("openocd", "flashing boards with an ST-LINK or CMSIS-DAP probe", (), "openocd"),
    _Tool("st-flash", "flashing STM32 boards, instead of openocd", (), "stlink-tools"),
)

# Distribution -> the extra that brings it, what for, and which verbs need it.
_PACKAGES = (
    ("numpy", "", "everything", ("build", "bench", "flash")),
    ("jinja2", "", "rendering C", ("build",)),
    ("pyserial", "", "serial ports", ("bench", "flash")),
    ("rich", "", "tables and progress bars", ("build", "bench", "flash")),
    ("tflite", "", "reading .tflite files", ("build",)),
    ("ai-edge-litert", "reference", "the bit-exact reference for new windows", ("build",)),
    ("scipy", "data", "filters and MATLAB files", ("train",)),
    ("h5py", "data", "MATLAB v7.3 files", ()),
    ("torch", "train", "training, and reading checkpoints", ("train", "convert")),
    ("onnx", "convert", "the way from PyTorch to int8", ("convert",)),
    ("onnxruntime", "convert", "checking each conversion stage", ("convert",)),
    ("onnxscript", "convert", "PyTorch's ONNX exporter", ("convert",)),
    ("onnxsim", "convert", "simplifying the exported graph", ("convert",)),
    ("tensorflow", "convert", "quantizing to int8", ("convert",)),
    ("unicorn", "profile", "running firmware to count instructions", ("profile",)),
    ("capstone", "profile", "decoding firmware for the cycle model", ("profile",)),
)


def examine() -> list[Finding]:
    """Look for everything that any verb can need. Imports and changes nothing."""
    return [_python(), *map(_tool, _TOOLS), *(_package(*entry) for entry in _PACKAGES), *_serial()]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", version, f"runs emgdeploy ({sys.executable})", (), "")


def _tool(tool: _Tool) -> Finding:
    path = shutil.which(tool.command)
    version = _version_of(path) if path else None
    return Finding(tool.command, version, tool.purpose, tool.verbs, f"sudo apt-get install {tool.packages}")


def _version_of(path: str) -> str | None:
    """First line of `--version`, wherever the tool prints it; None when it does not even start."""
    try:
        done = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter((done.stdout + done.stderr).splitlines()), "unknown version")


def _package(name: str, extra: str, purpose: str, verbs: tuple[str, ...]) -> Finding:
    try:
        version: str | None = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = None
    remedy = install_line(extra) if extra else f"{sys.executable} -m pip install {name}"
    return Finding(name, version, purpose, verbs, remedy)


def _serial() -> list[Finding]:
    """Serial devices that are plugged in and may not be opened, and why."""
    findings = []
    for pattern in ("ttyUSB*", "ttyACM*"):
        for device in sorted(Path("/dev").glob(pattern)):
            allowed = os.access(device, os.R_OK | os.W_OK)
            group = _group_of(device)
            remedy = f"sudo usermod -a -G {group} $USER, then log in again"
            version = "may be opened" if allowed else None
            findings.append(Finding(str(device), version, f"serial port, group {group}", (), remedy))
    return findings


def _group_of(device: Path) -> str:
    try:
        return device.group()
    except (KeyError, OSError, NotImplementedError):
        return "dialout"
