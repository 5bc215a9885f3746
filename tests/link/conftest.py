"""Device programs, compiled once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support import wire_device
from support.wire_device import Firmware


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
    return wire_device.compile_c("parser.c", wire_device.PARSER, tmp_path_factory.mktemp("parser"))


@pytest.fixture(scope="session")
def session_fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/link/c/session_fuzz.c."""
    return wire_device.compile_c("session_fuzz.c", wire_device.SESSION, tmp_path_factory.mktemp("session"))
