"""Device programs, compiled once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from emgdeploy.resources import FIRMWARE_TEMPLATES
from support import wire_device
from support.wire_device import SANITIZE, STRICT, Firmware

_C = Path(__file__).parent / "c"
_APP = FIRMWARE_TEMPLATES / "runtime" / "app"
_PARSER = ("frame", "binary", "text", "crc32", "receiver")


@pytest.fixture(scope="session", autouse=True)
def _compiler() -> None:
    if shutil.which("gcc") is None:
        pytest.skip("no gcc")


@pytest.fixture(scope="session")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    """192 bytes in, 8 out, under the sanitizers."""
    return wire_device.build(tmp_path_factory.mktemp("firmware"))


@pytest.fixture(scope="session")
def quick_firmware(tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    """The same, as it would be shipped."""
    return wire_device.build(tmp_path_factory.mktemp("firmware"), flags=("-O2",))


@pytest.fixture(scope="session")
def large_firmware(tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    """27,648 bytes in, 700 out: many chunks, and an answer in pieces."""
    return wire_device.build(tmp_path_factory.mktemp("firmware"), inputs=27648, outputs=700)


@pytest.fixture(scope="session")
def parser_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/link/c/parser.c."""
    return compile_c("parser.c", _PARSER, tmp_path_factory.mktemp("parser"))


@pytest.fixture(scope="session")
def session_fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/link/c/session_fuzz.c."""
    return compile_c("session_fuzz.c", (*_PARSER, "session", "window"), tmp_path_factory.mktemp("session"))


def compile_c(source: str, parts: tuple[str, ...], folder: Path) -> Path:
    """A test program with parts of the device side, warnings as errors, sanitizers on."""
    program = folder / "program"
    sources = [_C / source, *(_APP / f"{part}.c" for part in parts)]
    subprocess.run(["gcc", *STRICT, *SANITIZE, "-I", _APP, "-o", program, *sources], check=True)
    return program
