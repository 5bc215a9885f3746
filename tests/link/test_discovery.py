"""Which port is which board: by USB numbers, then by the device's own word; and how its port is opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import serial
from serial.tools import list_ports

from emgdeploy.cli import main
from emgdeploy.link import discovery
from emgdeploy.link.discovery import Place
from emgdeploy.link.port import Lines, open_port
from emgdeploy.link.proxy import FaultPlan
from support.devices.relay import Relay
from support.devices.wire_device import BUILD_ID, Device, Firmware

ST_LINK = (0x0483, 0x374B)
Plug = Callable[..., None]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Plug:
    """Let the system list ports: (name, numbers or None, product)."""

    def listed(*ports: tuple[str, tuple[int, int] | None, str | None]) -> None:
        found = [
            SimpleNamespace(device=name, vid=n and n[0], pid=n and n[1], product=title, description="n/a")
            for name, n, title in ports
        ]
        monkeypatch.setattr(list_ports, "comports", lambda: found)

    return listed


def test_usb_numbers_name_the_board(plug: Plug) -> None:
    plug(
        ("/dev/ttyACM1", ST_LINK, "STM32 STLink"),
        ("/dev/ttyACM0", (0x1234, 1), None),
        ("/dev/ttyS0", None, None),
    )
    assert discovery.listed({ST_LINK: "nucleo"}) == [
        Place("/dev/ttyACM0", "1234:0001"),
        Place("/dev/ttyACM1", "0483:374b", "STM32 STLink", "nucleo"),
        Place("/dev/ttyS0"),
    ]


def test_boards_with_the_same_adapter_are_all_named(plug: Plug, capsys: pytest.CaptureFixture[str]) -> None:
    plug(("/dev/ttyACM0", ST_LINK, "STM32 STLink"), ("/dev/ttyUSB0", (0x10C4, 0xEA60), "CP2102N"))
    assert main(["ports", "--no-handshake", "--json"]) == 0
    nucleo, spresense = json.loads(capsys.readouterr().out)
    assert nucleo["board"] == "nucleo-l4p5zg or nucleo-l4r5zi" and nucleo["firmware_build_id"] is None
    assert (spresense["board"], spresense["usb"]) == ("spresense", "10c4:ea60")


def test_the_devices_own_word_counts(
    plug: Plug, firmware: Firmware, capsys: pytest.CaptureFixture[str]
) -> None:
    with Device(firmware.program) as device, Relay(device, FaultPlan()) as relay:
        plug((relay.path, ST_LINK, None))
        assert main(["ports", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["board"], found["firmware_build_id"], found["note"]) == ("native", BUILD_ID, "")


class _Recorder(serial.Serial):
    """Remembers the control lines at the moment of opening."""

    opened: list[tuple[int, bool, bool, bool]] = []  # noqa: RUF012 -- shared on purpose

    def open(self) -> None:
        self.opened.append((self.baudrate, self.dtr, self.rts, bool(self.exclusive)))
        super().open()


@pytest.mark.parametrize(
    ("lines", "dtr", "rts"),
    [(None, True, True), (Lines(dtr=False), False, True), (Lines(False, False), False, False)],
)
def test_control_lines_stand_before_the_port_is_opened(
    firmware: Firmware, monkeypatch: pytest.MonkeyPatch, lines: Lines | None, dtr: bool, rts: bool
) -> None:
    _Recorder.opened.clear()

    def made(url: str, do_not_open: bool, **more: Any) -> _Recorder:
        port = _Recorder(**more)
        port.port = url
        return port

    monkeypatch.setattr(serial, "serial_for_url", made)
    with Device(firmware.program) as device, Relay(device, FaultPlan()) as relay:
        open_port(relay.path, 57600, lines).close()
    assert _Recorder.opened == [(57600, dtr, rts, True)]


def test_the_boards_policy_is_what_bench_opens_with(
    build_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emgdeploy.boards import load_board
    from emgdeploy.cli import bench, line, verbs
    from emgdeploy.cli.console import Console
    from emgdeploy.cli.entry import parse
    from emgdeploy.link import port
    from emgdeploy.resources import BOARDS

    text = (BOARDS / "native.toml").read_text().replace("baud = 115200", "baud = 57600\ndtr = false\n#")
    (tmp_path / "native.toml").write_text(text)
    uart = load_board(str(tmp_path / "native.toml")).uart
    asked: list[tuple[str, int, Lines]] = []
    monkeypatch.setattr(port, "open_port", lambda *found: asked.append(found))
    for more in ((), ("--dtr", "on", "--rts", "off", "--baud", "9600")):
        args = parse(verbs.load(bench.NAME), ["--port", "P", *more], Console())
        line.open_port(args, uart)
    assert asked == [("P", 57600, Lines(dtr=False, rts=None)), ("P", 9600, Lines(dtr=True, rts=False))]


def test_only_ports_of_known_boards_are_greeted(
    plug: Plug, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An OpenBCI board would take the greeting for commands."""
    asked = []

    def ask(place: discovery.Place, *_: object) -> discovery.Found:
        asked.append(place.name)
        return discovery.Found(place)

    monkeypatch.setattr(discovery, "ask", ask)
    plug(
        ("/dev/ttyUSB0", (0x0403, 0x6015), "FT231X"),
        ("/dev/ttyACM0", ST_LINK, "STM32"),
        ("/dev/ttyS0", None, None),
    )
    assert main(["ports"]) == 0
    assert asked == ["/dev/ttyACM0"] and "--port /dev/ttyUSB0" in capsys.readouterr().out
    assert main(["ports", "--port", "/dev/ttyUSB0"]) == 0
    assert asked == ["/dev/ttyACM0", "/dev/ttyUSB0"]
