"""Flashing through the boot loader: a good run ends verified, and every fault in its own sentence, in time."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_spresense import FakeSpresense, Faults
from skipping import SkippingPort

from emgdeploy.boards import Board, FlashBackend, load_board
from emgdeploy.errors import (
    DeviceMismatchError,
    DoesNotFitError,
    EmgDeployError,
    InputError,
    LinkError,
    ToolMissingError,
    UsageError,
)
from emgdeploy.firmware import manifest as manifests
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.firmware.nuttx import pinned
from emgdeploy.firmware.nuttx.tree import Tree
from emgdeploy.flash import Flashed, Way, flash
from emgdeploy.flash.spresense import xmodem
from emgdeploy.flash.spresense.xmodem import block, crc16
from emgdeploy.link.options import LinkOptions

IMAGE = b"\xefMOD" + bytes(range(256)) * 11 + b"end"
PATIENT = LinkOptions(connect_patience=60)


@pytest.fixture
def board() -> Board:
    """The native board, flashed like a Spresense, because its firmware can answer here."""
    native = load_board("native")
    return dataclasses.replace(native, flash=FlashBackend("spresense", {}), options={"shell_command": "emg"})


@pytest.fixture
def build(tiny_build: Path, tmp_path: Path) -> tuple[Path, Manifest]:
    import shutil

    folder = Path(shutil.copytree(tiny_build, tmp_path / "build"))
    (folder / "nuttx.spk").write_bytes(IMAGE)
    made = manifests.load(folder)
    return folder, dataclasses.replace(made, artifacts={**made.artifacts, "spk": "nuttx.spk"}, hashes=None)


def _flash(
    build: tuple[Path, Manifest],
    board: Board,
    faults: Faults,
    baud: int = 115200,
    link: LinkOptions = PATIENT,
    skipped: list[float] | None = None,
) -> tuple[Flashed, FakeSpresense]:
    """skipped: gets the seconds that were waited for in vain."""
    folder, manifest = build
    with FakeSpresense(folder / "firmware.elf", faults) as fake:
        port = SkippingPort(fake)
        way = Way(fake.port, baud, link=link, open=lambda name, rate: port, clock=port.clock)
        try:
            return flash(folder, manifest, board, way), fake
        finally:
            port.close()
            if skipped is not None:
                skipped.append(port.skipped)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(),
        Faults(without_shell=True),
        Faults(naks=3),
        Faults(naks=3, naks_at_block=1),
        Faults(lose_ack_of_block=2),
        Faults(garbage=b"\x00\xff[1m~~"),
    ],
    ids=["good", "autostart", "naks", "naks at first", "lost ack", "garbage"],
)
def test_a_run_that_can_succeed_ends_verified(
    faults: Faults, build: tuple[Path, Manifest], board: Board
) -> None:
    done, fake = _flash(build, board, faults)
    assert done.handshake and done.firmware_build_id == build[1].firmware_build_id
    assert fake.received[: len(IMAGE)] == IMAGE and set(fake.received[len(IMAGE) :]) <= {0x1A}
    assert fake.said == ["install", "set bootable M0P", "sync", "eboot"]
    assert (build[0] / "flashed.json").is_file()


def test_a_higher_rate_is_used(build: tuple[Path, Manifest], board: Board) -> None:
    done, fake = _flash(build, board, Faults(), baud=460800)
    assert done.handshake and fake.said[0] == "install -b 460800"


def test_a_line_that_cannot_do_the_rate_falls_back(build: tuple[Path, Manifest], board: Board) -> None:
    done, fake = _flash(build, board, Faults(deaf_above_115200=True), baud=921600)
    assert done.handshake and fake.said[:2] == ["install -b 921600", "install"]
    assert fake.received[: len(IMAGE)] == IMAGE


# The last figure: the longest that may be waited in vain, in seconds. (The handshake at the end keeps its
# own time.)
FAULTS = [
    (Faults(silent_at="boot"), LinkError, 6, "looking for the boot loader: no answer within 15 s", 15),
    (Faults(silent_at="prompt"), LinkError, 6, "waiting for the loader's prompt: no answer", 10),
    (Faults(silent_at="install"), LinkError, 6, "starting the transfer: no answer", 10),
    (Faults(silent_at="first block"), LinkError, 6, "did not ask for the first block", 10),
    (Faults(silent_at="block 2"), LinkError, 6, "after 1,024 bytes: the loader fell silent", 10),
    (Faults(silent_at="end"), LinkError, 6, "the loader fell silent", 10),
    (Faults(silent_at="written"), LinkError, 6, "writing to flash: no answer", 60),
    (Faults(silent_at="set bootable M0P"), LinkError, 6, "after `set bootable M0P`: no answer", 10),
    (Faults(silent_at="sync"), LinkError, 6, "after `sync`: no answer", 10),
    (Faults(naks=99), LinkError, 6, "one block was refused 10 times", 0),
    (Faults(cancel_at_block=2), LinkError, 6, "the loader cancelled it", 0),
    (Faults(refuses=b"ERROR: no space \x1b[31mleft"), LinkError, 6, "the loader refuses to install", 0),
    (Faults(no_loader=True), ToolMissingError, 4, "starts without its boot loader's prompt", 15),
    (Faults(dead_application=True), LinkError, 6, "the device is silent", math.inf),
]


@pytest.mark.parametrize(
    ("faults", "kind", "status", "words", "limit"), FAULTS, ids=[words for *_, words, _ in FAULTS]
)
def test_a_fault_ends_in_time_with_its_own_sentence(
    faults: Faults,
    kind: type[EmgDeployError],
    status: int,
    words: str,
    limit: float,
    build: tuple[Path, Manifest],
    board: Board,
) -> None:
    skipped: list[float] = []
    with pytest.raises(kind) as caught:
        _flash(build, board, faults, link=LinkOptions(connect_patience=0.5), skipped=skipped)
    assert skipped[0] <= limit + 0.25  # a wait is made of reads that last 0.2 s at most
    assert caught.value.exit_code == status and words in caught.value.message
    assert caught.value.hint and "\x1b" not in caught.value.message
    assert not (build[0] / "flashed.json").exists()


def test_each_fault_has_a_sentence_of_its_own() -> None:
    sentences = [words for *_, words, _ in FAULTS]
    assert len(set(sentences)) == len(sentences)


def test_the_missing_loader_is_named_with_its_licence(build: tuple[Path, Manifest], board: Board) -> None:
    with pytest.raises(ToolMissingError) as caught:
        _flash(build, board, Faults(no_loader=True))
    assert "Sony's licence" in caught.value.hint and "2.1" in caught.value.hint


def test_another_program_on_the_board_is_noticed(build: tuple[Path, Manifest], board: Board) -> None:
    folder, manifest = build
    other = dataclasses.replace(manifest, firmware_build_id="0" * 16)
    with pytest.raises(DeviceMismatchError, match="firmware"):
        _flash((folder, other), board, Faults())


def test_a_file_that_is_no_package(build: tuple[Path, Manifest], board: Board) -> None:
    (build[0] / "nuttx.spk").write_bytes(b"\x7fELF" + IMAGE)
    with pytest.raises(InputError, match="is no Spresense package"):
        _flash(build, board, Faults())


def test_a_package_larger_than_the_board(build: tuple[Path, Manifest]) -> None:
    spresense = load_board("spresense")
    (build[0] / "nuttx.spk").write_bytes(IMAGE.ljust(1_572_865, b"\0"))
    with pytest.raises(DoesNotFitError, match="1 more than the board's memory"):
        _flash(build, spresense, Faults())


def test_a_build_without_an_image_says_what_brings_one(
    tiny_build: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ToolMissingError, match="no image") as caught:
        flash(tiny_build, manifests.load(tiny_build), board)
    assert caught.value.hint == f"emgdeploy setup {board.name}"


def test_a_build_older_than_nuttx_is_to_be_built_again(
    tiny_build: Path, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinned, "installed", lambda kind: Tree(kind, {}, "nuttx"))
    with pytest.raises(InputError, match="before NuttX was here") as caught:
        flash(tiny_build, manifests.load(tiny_build), board)
    assert caught.value.hint == f"emgdeploy build --board {board.name}"


def test_no_port_named_and_no_board_connected(build: tuple[Path, Manifest], board: Board) -> None:
    with pytest.raises(LinkError, match="no native is connected"):
        flash(*build, board)


def test_no_port_named_and_one_board_connected(
    build: tuple[Path, Manifest], board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = dataclasses.replace(board, usb=((0x10C4, 0xEA60),))
    folder, manifest = build
    with FakeSpresense(folder / "firmware.elf", Faults()) as fake:
        ports = [
            SimpleNamespace(device=fake.port, vid=0x10C4, pid=0xEA60, product="CP2102N", description="n/a")
        ]
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)
        assert flash(folder, manifest, board, Way(link=PATIENT)).port == fake.port
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [*ports, *ports])
        with pytest.raises(UsageError, match="could each be the native"):
            flash(folder, manifest, board)


def test_the_checksum_of_the_protocol_reference() -> None:
    assert crc16(b"123456789") == 0x31C3
    made = block(257, b"x")
    assert made[:3] == b"\x02\x01\xfe" and len(made) == 1029 and made[4:1027] == b"\x1a" * 1023


def test_ctrl_c_in_a_transfer_is_told_to_the_loader() -> None:
    written = bytearray()

    class Line:
        name, baud = "line", 115_200

        def read(self, timeout: float) -> bytes:
            if written:
                raise KeyboardInterrupt
            return b"C"

        def write(self, data: bytes) -> None:
            written.extend(data)

        def set_baud(self, baud: int) -> bool:
            return False

        def close(self) -> None:
            pass

    with pytest.raises(KeyboardInterrupt):
        xmodem.Sender(Line(), xmodem.Patience(), lambda count: None).send(bytes(5000))
    assert written.endswith(b"\x18\x18")
