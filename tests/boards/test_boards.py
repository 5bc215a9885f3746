"""boards/*.toml: what is packaged is right, and what users write wrong is named exactly."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from emgdeploy import resources
from emgdeploy.boards import board_files, list_boards, load_board, read_board
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.errors import InputError
from emgdeploy.firmware.platform import load_platform, render

GOOD = """
name = "mine"
title = "a board of mine"
core = "cortex-m4f"
clock_hz = 64_000_000
platform = "bare-metal"
platform_dir = "mps2"
verified = "build-only"
uart = {peripheral = "UART0", baud = 115200}
flash = {kind = "openocd", target = "target/x.cfg"}
[[memory]]
name = "flash"
origin = 0x0
size = 0x10000
holds = ["code", "constants"]
[[memory]]
name = "ram"
origin = 0x2000_0000
size = 0x8000
holds = ["data"]
"""


def write(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", sorted(board_files()))
def test_packaged_boards_load_and_their_platform_exists(name: str) -> None:
    board = load_board(name)
    assert board.name == name
    assert (resources.FIRMWARE_TEMPLATES / "platforms" / board.platform_dir).is_dir()
    assert board.memories_for("code") and board.memories_for("data")


@pytest.mark.parametrize("name", sorted(board_files()))
def test_packaged_boards_say_emulator_only_where_there_is_one(name: str) -> None:
    board = load_board(name)
    assert (board.verified == "emulator") == (board.emulator is not None)


def test_required_boards_exist() -> None:
    assert {"native", "qemu-mps2-an386", "spresense", "nucleo-l4r5zi"} <= {
        board.name for board in list_boards()
    }


def test_core_decides_flags_and_kernels() -> None:
    board = load_board("qemu-mps2-an386")
    assert "-mcpu=cortex-m4" in board.cflags and "-mfloat-abi=hard" in board.cflags
    assert board.isa == "dsp" and board.cpu.tools == "arm-none-eabi-"
    native = load_board("native")
    assert native.cflags == () and native.isa == "portable" and native.cpu.tools == ""


def test_spresense_has_one_memory_for_everything() -> None:
    board = load_board("spresense")
    (memory,) = board.memories
    assert (memory.origin, memory.size) == (0x0D000000, 1536 * 1024)
    assert memory.holds == ("code", "constants", "data")


def test_a_board_file_of_ones_own(tmp_path: Path) -> None:
    board = read_board(write(tmp_path, GOOD))
    assert board.flash.args == {"target": "target/x.cfg"}
    assert board.wait_states is None and board.emulator is None and board.usb == ()
    assert board.uart.dtr is None and board.uart.rts is None
    assert load_board(str(tmp_path / "mine.toml")) == board


def test_serial_lines_that_a_board_needs_held(tmp_path: Path) -> None:
    board = read_board(write(tmp_path, GOOD.replace("115200", "115200, dtr = false, rts = true")))
    assert (board.uart.dtr, board.uart.rts) == (False, True)


def test_a_users_folder_adds_and_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD.replace('"mine"', '"native"'), "native")
    monkeypatch.setenv("EMGDEPLOY_BOARDS", str(tmp_path))
    assert load_board("mine").title == "a board of mine"
    assert load_board("native").core == "cortex-m4f"
    assert load_board("spresense").name == "spresense"


def test_a_missing_folder_of_boards_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMGDEPLOY_BOARDS", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="nowhere does not exist"):
        load_board("native")


def test_an_unknown_board_lists_near_names() -> None:
    with pytest.raises(InputError, match='no board "spresens"') as caught:
        load_board("spresens")
    assert "spresense" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('name = "mine"', 'name = "other"', 'name = "other"; allowed: "mine"'),
        ('core = "cortex-m4f"', 'core = "cortex-m9"', 'core = "cortex-m9"; allowed: native, cortex-m0,'),
        ("clock_hz = 64_000_000", "clock_hz = 0", "clock_hz = 0; allowed: a whole number from 1"),
        ("clock_hz = 64_000_000", "clock_hz = 6.4e7", "clock_hz = 64000000.0; allowed: a whole number"),
        ("clock_hz = 64_000_000", "clock_hz = true", "clock_hz = True; allowed: a whole number"),
        ("clock_hz = 64_000_000", "", "the key clock_hz is missing"),
        (
            'platform = "bare-metal"',
            'platform = "freertos"',
            "allowed: bare-metal, nuttx, arduino, zephyr, native",
        ),
        ('platform = "bare-metal"', 'platform = "native"', "do not go together"),
        ('platform_dir = "mps2"', 'platform_dir = "../../etc"', "platform_dir = "),
        ('verified = "build-only"', 'verified = "yes"', "allowed: emulator, build-only, hardware"),
        ('title = "a board of mine"', 'title = "\\u001b]0;x"', "title has characters that cannot be printed"),
        ('title = "a board of mine"', "title = 3", "title must be text that is not empty, not a number"),
        ("size = 0x8000", "size = -1", "memory[1].size = -1; allowed"),
        ("size = 0x8000", "size = 0xF0000000", 'memory "ram" ends beyond'),
        ("origin = 0x2000_0000", "origin = 0x8000", 'memory "flash" overlaps memory "ram"'),
        ('name = "ram"', 'name = "flash"', "same name"),
        (
            'holds = ["data"]',
            'holds = ["weights"]',
            'memory[1].holds[0] = "weights"; allowed: code, constants, data',
        ),
        ('holds = ["data"]', 'holds = ["code"]', 'no memory holds "data"'),
        ('holds = ["data"]', "holds = []", "memory[1].holds must be a list of at least 1"),
        ("baud = 115200", "baud = 7", "uart.baud = 7; allowed"),
        ("baud = 115200", "baud = 115200, dtr = 1", "uart.dtr = 1; allowed: true, false"),
        ('kind = "openocd"', 'kind = "magic"', "flash.kind = "),
        ('kind = "openocd"', 'kind = "emulated"', "needs an [emulator] table"),
        ('target = "target/x.cfg"', "target = [1]", "flash.target must be text, a number or true/false"),
        (
            'verified = "build-only"',
            'verified = "build-only"\ncolour = "red"',
            "unknown key colour; allowed here: name",
        ),
        ('verified = "build-only"', 'verified = "build-only"\nusb = 3', "usb must be a list"),
        (
            'verified = "build-only"',
            'verified = "build-only"\nusb = [{vid = 1}]',
            "the key usb[0].pid is missing",
        ),
        (
            'verified = "build-only"',
            'verified = "build-only"\nemulator = 1',
            "emulator must be a table, not a number",
        ),
        (
            'verified = "build-only"',
            'verified = "build-only"\nemulator = {kind = "qemu"}',
            "emulator.machine is missing",
        ),
        ('name = "mine"', "name = ", "is not valid TOML"),
        ('name = "mine"', f"name = {'[' * 5000}", "nested too deep"),
        ('name = "mine"', f"name = {'9' * 5000}", "is not valid TOML"),
        ('name = "mine"', f"{'a.' * 20_000}a = 1", "more than 32 parts"),
        ('name = "ram"', f'name = "{"r" * 65}"', "memory[1].name has 65 characters; allowed: 64"),
        ('peripheral = "UART0"', 'peripheral = "UART0\\"; #"', "uart.peripheral = "),
        ('target = "target/x.cfg"', 'target = "a\\nb"', "flash.target has characters that cannot be printed"),
        ('target = "target/x.cfg"', '"a\\nb" = 1', "only small letters, digits and _"),
        ('target = "target/x.cfg"', "speed = inf", "flash.speed = inf; allowed: a finite number"),
        ('target = "target/x.cfg"', "speed = -1", "flash.speed = -1; allowed: a whole number from 0"),
    ],
)
def test_each_mistake_is_named_with_its_file(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_board(path)
    assert complaint in caught.value.message
    assert str(path) in caught.value.message


@pytest.mark.parametrize("kind", ["zero", "pipe", "large"])
def test_a_file_without_an_end_is_not_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    if kind == "zero":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        with path.open("wb") as file:
            file.truncate(1 << 40)
    with pytest.raises(InputError, match=r"it is no file|is larger than 4 MB"):
        read_board(path)


def test_an_option_never_replaces_a_fact_of_the_platform(tmp_path: Path) -> None:
    for name in ("uart_base", "uart_irq", "rx_ring_bytes"):
        board = dataclasses.replace(load_board("nucleo-l4r5zi"), options={name: 1})
        with pytest.raises(InputError, match=f"options.{name} would replace a fact"):
            render(load_platform(board), board)


def test_words_of_the_linker_are_names_of_memories_like_others(tiny_model: Path, tmp_path: Path) -> None:
    packaged = load_board("nucleo-l4r5zi")
    names = {"flash": "ORIGIN", "ram": "ALIGN-len"}
    memories = tuple(dataclasses.replace(memory, name=names[memory.name]) for memory in packaged.memories)
    board = dataclasses.replace(packaged, memories=memories)
    made = build(BuildRequest(board, tiny_model, tmp_path / "b", latest=False))
    assert {use.name: use.used > 0 for use in made.memories} == {"ORIGIN": True, "ALIGN-len": True}


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is no UTF-8 text"):
        read_board(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_board(str(tmp_path / "gone.toml"))
