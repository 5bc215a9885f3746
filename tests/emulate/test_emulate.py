"""Boards without hardware: the firmware answers over a pty, and nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emgdeploy import emulate
from emgdeploy.boards import load_board
from emgdeploy.convert import golden
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.emulate.process import PtyProcess
from emgdeploy.errors import DeviceMismatchError, LinkError, ToolMissingError, UsageError
from emgdeploy.firmware import builds, manifest
from emgdeploy.flash import flash
from emgdeploy.link.client import DeviceClient
from support.inputs.sealing import seal

pytestmark = pytest.mark.timing

BOARDS = ("native", "qemu-mps2-an386")


@pytest.fixture(scope="module", params=BOARDS)
def folder(
    request: pytest.FixtureRequest, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A build of the tiny model for each emulated board."""
    home = tmp_path_factory.mktemp("emulated")
    before = Path.cwd()
    os.chdir(home)
    try:
        build(BuildRequest(load_board(request.param), tiny_model, home / "b"))
    finally:
        os.chdir(before)
    return home / "b"


_EARLIER: set[str] = set()


@pytest.fixture(autouse=True)
def _earlier_children() -> None:
    """Processes that other tests share and keep: none of those started here."""
    _EARLIER.clear()
    _EARLIER.update(_children())


def _children() -> set[str]:
    """Number and name of each child of this process that was not there before the test."""
    command = ["ps", "-o", "pid=,comm=", "--ppid", str(os.getpid())]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return {line.strip() for line in listed.stdout.splitlines() if not line.endswith(" ps")} - _EARLIER


def test_every_golden_window_is_answered_right(folder: Path) -> None:
    made = manifest.load(folder)
    windows = golden.load(folder / "golden.npz")
    with emulate.start(made, folder, load_board(made.board)) as running:
        client = DeviceClient(running.port)
        info = client.connect()
        assert info.firmware_build_id == made.firmware_build_id
        answers = {a.index: a for a in client.stream((i, w.tobytes()) for i, w in enumerate(windows.x))}
        used = client.ping()
    wrong = [i for i in range(len(windows)) if answers[i].output != windows.y[i].tobytes()]
    assert wrong == []
    if made.board != "native":
        assert 0 < used.stack_used <= made.stack_bytes
        ticks = {answer.ticks for answer in answers.values()}
        assert max(ticks) - min(ticks) < 0.2 * max(ticks)
    assert _children() == set()


def test_flash_boots_greets_and_stops(folder: Path) -> None:
    made = manifest.load(folder)
    done = flash(folder, made, load_board(made.board))
    assert done.handshake and done.firmware_build_id == made.firmware_build_id
    assert (folder / "flashed.json").is_file()
    assert _children() == set()


def test_another_builds_firmware_is_refused(folder: Path) -> None:
    import dataclasses

    made = dataclasses.replace(manifest.load(folder), firmware_build_id="0" * 16)
    with pytest.raises(DeviceMismatchError, match="firmware"):
        flash(folder, made, load_board(made.board))
    assert _children() == set()


def test_an_exception_ends_the_emulator(folder: Path) -> None:
    made = manifest.load(folder)
    with pytest.raises(RuntimeError), emulate.start(made, folder, load_board(made.board)):
        raise RuntimeError
    assert _children() == set()


def test_an_image_that_cannot_run_says_why(folder: Path, tmp_path: Path) -> None:
    import shutil

    broken = Path(shutil.copytree(folder, tmp_path / "broken"))
    (broken / "firmware.elf").write_bytes(b"#!/bin/sh\necho 'no \x1b[31mluck' >&2\nexit 3\n")
    seal(broken)
    made = manifest.load(broken)
    with pytest.raises(LinkError) as caught:
        flash(broken, made, load_board(made.board))
    assert "the emulator ended with status" in caught.value.message
    assert "\x1b" not in caught.value.message


def test_a_process_that_ignores_the_request_to_end_is_ended() -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
    with PtyProcess(lambda tty: [sys.executable, "-c", stubborn]) as process:
        time.sleep(0.5)
        pid = process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_emulator_dies_with_a_killed_host(folder: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from emgdeploy import emulate\n"
        "from emgdeploy.boards import load_board; from emgdeploy.firmware import manifest\n"
        "folder = Path(sys.argv[1]); made = manifest.load(folder)\n"
        "with emulate.start(made, folder, load_board(made.board)) as running:\n"
        "    print(running.pid, flush=True); time.sleep(60)\n"
    )
    host = subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    pid = int(host.stdout.readline())
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and Path(f"/proc/{pid}/cmdline").exists():
        if not Path(f"/proc/{pid}/cmdline").read_bytes():
            break  # a zombie that its new parent has not collected yet
        time.sleep(0.05)
    else:
        assert time.monotonic() < deadline, "the emulator outlived its host"


def test_the_native_program_opens_any_tty_raw(tiny_build: Path) -> None:
    """The contract's `PROGRAM TTY`, on a tty that starts out cooked."""
    master, slave = os.openpty()
    process = subprocess.Popen([tiny_build / "firmware.elf", os.ttyname(slave)])
    try:
        import termios

        deadline = time.monotonic() + 5
        while termios.tcgetattr(slave)[3] & termios.ICANON and time.monotonic() < deadline:
            time.sleep(0.01)
        flags = termios.tcgetattr(slave)
        assert not flags[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
        assert not flags[0] & (termios.ICRNL | termios.IXON) and not flags[1] & termios.OPOST
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def test_the_native_program_gives_the_tty_back_as_it_was(tiny_build: Path) -> None:
    import termios

    master, slave = os.openpty()
    before = termios.tcgetattr(slave)
    process = subprocess.Popen([tiny_build / "firmware.elf", os.ttyname(slave)])
    try:
        deadline = time.monotonic() + 60
        while termios.tcgetattr(slave)[3] & termios.ICANON and time.monotonic() < deadline:
            time.sleep(0.01)
        assert termios.tcgetattr(slave) != before
        process.terminate()
        assert process.wait(60) == 0
        assert termios.tcgetattr(slave) == before
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def test_the_native_program_ends_when_the_line_is_hung_up(tiny_build: Path) -> None:
    master, slave = os.openpty()
    process = subprocess.Popen([tiny_build / "firmware.elf", os.ttyname(slave)])
    time.sleep(0.2)
    os.close(slave)
    os.close(master)
    assert process.wait(5) == 0


def test_the_native_program_explains_itself(tiny_build: Path, tmp_path: Path) -> None:
    usage = subprocess.run([tiny_build / "firmware.elf"], capture_output=True, text=True)
    assert usage.returncode == 2 and re.match(r"usage: .* TTY", usage.stderr)
    missing = subprocess.run([tiny_build / "firmware.elf", tmp_path / "no"], capture_output=True, text=True)
    assert missing.returncode == 6 and "cannot open" in missing.stderr


def test_without_qemu(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = manifest.load(folder)
    if made.board == "native":
        pytest.skip("a native board needs no emulator")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError) as caught, emulate.start(made, folder, load_board(made.board)):
        pass
    assert "apt-get install qemu-system-arm" in caught.value.hint


def test_a_real_board_has_no_emulator(tiny_build: Path) -> None:
    with (
        pytest.raises(UsageError, match="has no emulator"),
        emulate.start(manifest.load(tiny_build), tiny_build, load_board("nucleo-l4r5zi")),
    ):
        pass


def test_sanitizers_find_nothing(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole firmware under AddressSanitizer and UndefinedBehaviorSanitizer, every golden window."""
    monkeypatch.chdir(tmp_path)
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    made = build(BuildRequest(load_board("native"), tiny_model, tmp_path / "b", extra_flags=flags))
    folder = builds.find(None)[0]
    windows = golden.load(folder / "golden.npz")
    with emulate.start(made, folder, load_board("native")) as running:
        client = DeviceClient(running.port)
        answers = list(client.stream((i, w.tobytes()) for i, w in enumerate(windows.x)))
    assert all(answer.output == windows.y[answer.index].tobytes() for answer in answers)
    assert len(answers) == len(windows)
