"""Device programs and a finished build, compiled once for all tests of the link and the bench."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.devices import wire_device
from support.devices.bench_items import Builds
from support.devices.wire_device import Firmware

Factory = pytest.TempPathFactory


def _needs_gcc() -> None:
    if shutil.which("gcc") is None:
        pytest.skip("no gcc")


@pytest.fixture(scope="session")
def firmware(tmp_path_factory: Factory) -> Firmware:
    """192 bytes in, 8 out, under the sanitizers."""
    _needs_gcc()
    return wire_device.build(tmp_path_factory.mktemp("firmware"))


@pytest.fixture(scope="session")
def quick_firmware(tmp_path_factory: Factory) -> Firmware:
    """The same, as it would be shipped."""
    _needs_gcc()
    return wire_device.build(tmp_path_factory.mktemp("firmware"), flags=("-O2",))


@pytest.fixture(scope="session")
def large_firmware(tmp_path_factory: Factory) -> Firmware:
    """27,648 bytes in, 700 out: many chunks, and an answer in pieces."""
    _needs_gcc()
    return wire_device.build(tmp_path_factory.mktemp("firmware"), inputs=27648, outputs=700)


@pytest.fixture(scope="session")
def parser_program(tmp_path_factory: Factory) -> Path:
    """tests/link/c/parser.c."""
    _needs_gcc()
    return wire_device.compile_c("parser.c", wire_device.PARSER, tmp_path_factory.mktemp("parser"))


@pytest.fixture(scope="session")
def session_fuzzer(tmp_path_factory: Factory) -> Path:
    """tests/link/c/session_fuzz.c."""
    _needs_gcc()
    return wire_device.compile_c("session_fuzz.c", wire_device.SESSION, tmp_path_factory.mktemp("session"))


@pytest.fixture(scope="session")
def tapped_fuzzer(tmp_path_factory: Factory) -> Path:
    """The same for a device with taps on five steps."""
    _needs_gcc()
    return wire_device.compile_c("session_fuzz.c", wire_device.SESSION, tmp_path_factory.mktemp("taps"), 5)


@pytest.fixture(scope="session")
def finished_build(tmp_path_factory: Factory) -> Path:
    """A native build of the tiny model."""
    _needs_gcc()
    return Builds(tmp_path_factory.mktemp("bench")).tiny("finished")


@pytest.fixture
def build_copy(finished_build: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return shutil.copytree(finished_build, tmp_path / "build")
