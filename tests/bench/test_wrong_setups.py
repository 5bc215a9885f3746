"""Wrong set-ups: the contract's exit code, a sentence of its own, within 5 s, and no number."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import pty
import shutil
import sys
import tempfile
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emgdeploy.firmware import manifest as manifests
from emgdeploy.link.proxy import FaultPlan
from support.commands.command import Cli, Done
from support.devices.bench_items import Builds
from support.devices.relay import Relay
from support.devices.wire_device import Device

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    return Builds(tmp_path_factory.mktemp("builds"))


@pytest.fixture(scope="module")
def good(builds: Builds) -> Path:
    return builds.tiny("good")


@contextmanager
def terminal() -> Iterator[str]:
    """The path of a terminal with nobody behind it."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        yield os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def device_of(folder: Path) -> Device:
    return Device(manifests.load(folder).artifact(folder, "elf"))


@pytest.fixture
def refused(cli: Cli, good: Path) -> Callable[..., None]:
    """Bench on a port and see that it fails as it must."""

    def check(port: str, status: int, *words: str, build: Path = good, more: tuple[str, ...] = ()) -> None:
        for name in ("bench.json", "bench.html"):
            (build / name).unlink(missing_ok=True)
        begun = time.monotonic()
        done = cli("bench", "--build", build, "--port", port, *more)
        seconds = time.monotonic() - begun
        done.fails(status, *words)
        assert seconds < 5.0, f"{seconds:.1f} s"
        says_no_number(done, build)

    return check


def says_no_number(done: Done, build: Path) -> None:
    assert done.out == ""
    assert not (build / "bench.json").exists() and not (build / "bench.html").exists()


Refused = Callable[..., None]


def test_no_such_port(refused: Refused) -> None:
    refused("/dev/ttyNobody7", 6, "there is no serial port /dev/ttyNobody7")


def test_no_such_host(refused: Refused) -> None:
    refused("socket://localhost:9", 6, "socket://localhost:9", "refused")


def test_port_in_use(refused: Refused) -> None:
    with terminal() as path:
        holder = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            fcntl.flock(holder, fcntl.LOCK_EX)
            refused(path, 6, "in use by another program")
        finally:
            os.close(holder)


def test_no_permission(good: Path) -> None:
    """As an unprivileged child, because root may open anything."""
    place = Path(tempfile.mkdtemp(prefix="emgdeploy-"))
    try:
        build = shutil.copytree(good, place / "build")
        (build / "bench.json").unlink(missing_ok=True)
        for path in (place, *place.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        with terminal() as port:
            Path(port).chmod(0)
            child = multiprocessing.get_context("fork").Process(
                target=_unprivileged, args=(place, build, port)
            )
            begun = time.monotonic()
            child.start()
            child.join()
            assert time.monotonic() - begun < 5
        assert child.exitcode == 6, (place / "err").read_text()
        error, hint = (place / "err").read_text().splitlines()[-2:]
        assert "no permission" in error and "dialout" in hint
        assert not (build / "bench.json").exists()
    finally:
        shutil.rmtree(place)


def _unprivileged(place: Path, build: Path, port: str) -> None:
    from emgdeploy.cli import main

    with (place / "err").open("w") as words:
        os.dup2(words.fileno(), 2)
        sys.stderr = os.fdopen(os.dup(2), "w")
        # Whoever has no rights may not even be able to read our Python, so everything is imported first.
        main(["bench", "--build", str(build), "--port", "/dev/ttyNobody7"])
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        status = main(["bench", "--build", str(build), "--port", port])
        sys.stderr.flush()
    os._exit(status)


def test_silent_device(refused: Refused) -> None:
    with terminal() as path:
        refused(path, 6, "silent")


def test_wrong_baud(refused: Refused, good: Path) -> None:
    plan = FaultPlan(baud=115200, garble=True)
    with device_of(good) as device, Relay(device, plan) as relay:
        refused(relay.path, 6, "baud rate is probably wrong", more=("--baud", "9600"))


def test_wrong_board(refused: Refused, good: Path, builds: Builds) -> None:
    other = builds.tiny("board", "qemu-mps2-an386")
    with device_of(good) as device, Relay(device, FaultPlan()) as relay:
        refused(relay.path, 7, "board is native", "qemu-mps2-an386", build=other)


def test_wrong_firmware(refused: Refused, good: Path, builds: Builds) -> None:
    comment = ("runtime/app/info.c", '#include "info.h"\n', '#include "info.h"\n\n/* another firmware */\n')
    other = builds.tiny("firmware", changes=(comment,))
    with device_of(other) as device, Relay(device, FaultPlan()) as relay:
        refused(relay.path, 7, "firmware is", manifests.load(other).firmware_build_id)


def test_wrong_model(refused: Refused, good: Path, builds: Builds) -> None:
    other = builds.tiny("model", seed=1)
    with device_of(other) as device, Relay(device, FaultPlan()) as relay:
        refused(relay.path, 7, "model is", manifests.load(other).model_sha256[:32])


def test_failed_self_test(cli: Cli, builds: Builds) -> None:
    """Looking for the layer takes a compiler's time on top."""
    broken = builds.tiny(
        "selftest",
        changes=(
            ("runtime/app/emg_app.c", "wrong = emg_model_selftest();", "wrong = !emg_model_selftest();"),
        ),
    )
    with device_of(broken) as device, Relay(device, FaultPlan()) as relay:
        done = cli("bench", "--build", broken, "--port", relay.path)
    done.fails(1, "self-test")
    says_no_number(done, broken)
    assert "a new build with taps on native makes every layer right" in done.err


def test_the_right_one_is_not_refused(cli: Cli, good: Path) -> None:
    """The same way of connecting, so that the tests above fail for the reason they name."""
    with device_of(good) as device, Relay(device, FaultPlan()) as relay:
        cli("bench", "--build", good, "--port", relay.path).succeeds()
    assert json.loads((good / "bench.json").read_text())["complete"] is True
