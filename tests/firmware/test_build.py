"""The build folder: the same bytes every time, sizes that add up, and never half a build."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.binary.sections import sections
from emgdeploy.boards import Board, load_board
from emgdeploy.codegen.literals import c_string
from emgdeploy.convert import golden
from emgdeploy.deploy.build import build
from emgdeploy.deploy.inventory import files, parts
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.deploy.workload import Material
from emgdeploy.errors import DoesNotFitError, InputError, ToolMissingError, UsageError
from emgdeploy.firmware import builds, manifest
from emgdeploy.firmware.compiler import CompileError, first_error
from support.commands.command import Cli

BOARDS = ("native", "qemu-mps2-an386", "nucleo-l4r5zi", "spresense")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", [*BOARDS, "qemu-mps3-an547"])
def test_a_build_twice_gives_the_same_bytes(name: str, tiny_model: Path, tmp_path: Path, cli: Cli) -> None:
    """From another folder into another one, by a process that hashes strings otherwise."""
    build(BuildRequest(load_board(name), tiny_model, tmp_path / "a"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = ("build", "--board", name, "--model", tiny_model, "--out", "b")
    cli(*again, cwd=elsewhere, env={"PYTHONHASHSEED": "11"}).succeeds()
    first, second = (
        {p.relative_to(f): p for p in f.rglob("*") if p.is_file()} for f in (tmp_path / "a", elsewhere / "b")
    )
    assert first.keys() == second.keys() and len(first) > 20
    # The command line counts instructions where there is an emulator; a build alone does not.
    counted = {Path("manifest.json")}
    for name_of_file in first.keys() - counted:
        assert first[name_of_file].read_bytes() == second[name_of_file].read_bytes(), name_of_file
    facts = [json.loads(f[Path("manifest.json")].read_text()) for f in (first, second)]
    assert facts[0] == facts[1] | {"expected_instructions": None}


@pytest.mark.parametrize("name", BOARDS)
def test_the_sizes_add_up(name: str, tiny_model: Path, tmp_path: Path) -> None:
    made = build(BuildRequest(load_board(name), tiny_model, tmp_path / "b"))
    by_part = parts(made)
    assert sum(part.stored for part in by_part) == made.flash_bytes
    in_ram = made.flash_bytes if len(made.memories) == 1 else 0
    assert abs(sum(part.ram for part in by_part) + in_ram - made.ram_bytes) <= 64
    assert all(part.stored >= 0 and part.ram >= 0 for part in by_part), by_part
    assert all(0 < use.used <= use.size for use in made.memories)
    text = sum(share.text for share in files(made, tmp_path / "b"))
    assert 0 < text <= made.flash_bytes
    assert made.stack_bytes < 2048 and not any("stack" in note for note in made.notes)


def test_the_binary_is_what_the_elf_says(tiny_model: Path, tmp_path: Path) -> None:
    made = build(BuildRequest(load_board("nucleo-l4r5zi"), tiny_model, tmp_path / "b"))
    stored = [s for s in sections(tmp_path / "b" / "firmware.elf") if s.in_memory and s.has_bytes and s.size]
    end = max(section.load + section.size for section in stored)
    assert (tmp_path / "b" / "firmware.bin").stat().st_size == end - 0x0800_0000
    assert made.memories[0].used == end - 0x0800_0000
    stack, entry = np.frombuffer((tmp_path / "b" / "firmware.bin").read_bytes()[:8], "<u4")
    assert stack == 0x2000_0000 + made.stack_bytes and entry & 1 and entry < end


def test_the_model_compiles_with_its_listed_sources_alone(tiny_build: Path, tmp_path: Path) -> None:
    made = manifest.load(tiny_build)
    (tmp_path / "own.c").write_text('#include "model.h"\nint main(void) { return emg_model_selftest(); }\n')
    sources = [str(tiny_build / name) for name in (*made.sources, "src/model.c")]
    command = ["gcc", "-std=c99", f"-I{tiny_build / 'src'}", "own.c", *sources, "-o", "own"]
    subprocess.run(command, check=True, cwd=tmp_path)
    assert subprocess.run([tmp_path / "own"]).returncode == 0


def test_golden_holds_windows_of_many_kinds(tiny_build: Path) -> None:
    windows = golden.load(tiny_build / "golden.npz")
    assert len(windows) == 200 and windows.x.shape[1:] == (4, 6, 1)
    assert {windows.x.min(), windows.x.max()} == {-128, 127}
    assert len(np.unique(windows.y, axis=0)) > 50


def test_the_users_windows_and_labels_are_taken(tiny_model: Path, tmp_path: Path) -> None:
    from emgdeploy.signals.windowfile import Windows

    x = np.random.default_rng(0).standard_normal((7, 4, 6, 1)).astype(np.float32)
    given = Material(windows=Windows(x, np.arange(7) % 3), labels=("fist", 'quote"', "*/ ??/"))
    made = build(BuildRequest(load_board("native"), tiny_model, tmp_path / "b", given=given))
    assert made.output.labels == given.labels
    windows = golden.load(tmp_path / "b" / "golden.npz")
    assert len(windows) == 7 and list(windows.labels) == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize(
    "given",
    [
        Material(labels=("one", "two")),
        Material(windows=None, labels=("a", "b", "c", "d")),
    ],
)
def test_labels_of_another_number(given: Material, tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the model has 3 outputs"):
        build(BuildRequest(load_board("native"), tiny_model, tmp_path / "b", given=given))
    assert not (tmp_path / "b").exists()


def test_a_failed_build_leaves_the_old_one(tiny_model: Path, tmp_path: Path) -> None:
    request = BuildRequest(load_board("native"), tiny_model, tmp_path / "b")
    build(request)
    before = (tmp_path / "b" / manifest.FILE).read_bytes()
    broken = BuildRequest(request.board, tiny_model, request.out, extra_flags=("-DEMG_OUTPUT_LEN=nonsense",))
    with pytest.raises(CompileError) as caught:
        build(broken)
    assert "error:" in caught.value.message and "\n" not in caught.value.message
    assert (tmp_path / "b" / manifest.FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_with_other_things_is_not_replaced(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    with pytest.raises(UsageError, match="is no build folder"):
        build(BuildRequest(load_board("native"), tiny_model, tmp_path / "thesis"))
    assert (tmp_path / "thesis" / "chapter1.tex").read_text() == "years of work"


def _small(board: Board, tmp_path: Path, **sizes: int) -> Board:
    """`board` with smaller memories, from a file as a user would write it."""
    text = board.file.read_text().replace(f'name = "{board.name}"', 'name = "small"')
    for old, size in sizes.items():
        text = text.replace(old.removeprefix("_"), hex(size))
    (tmp_path / "small.toml").write_text(text)
    return load_board(str(tmp_path / "small.toml"))


def test_too_little_flash_names_the_bytes(tiny_model: Path, tmp_path: Path) -> None:
    board = _small(load_board("nucleo-l4r5zi"), tmp_path, _0x0020_0000=8192)
    whole = build(BuildRequest(load_board("nucleo-l4r5zi"), tiny_model, tmp_path / "whole"))
    with pytest.raises(DoesNotFitError) as caught:
        build(BuildRequest(board, tiny_model, tmp_path / "b"))
    missing = whole.memories[0].used - 8192
    assert "memory flash (8,192 bytes)" in caught.value.message
    named = int(caught.value.message.split(" bytes too small")[0].split()[-1].replace(",", ""))
    assert abs(named - missing) < 64
    assert not (tmp_path / "b").exists()


def test_too_little_ram_names_the_memory(tiny_model: Path, tmp_path: Path) -> None:
    board = _small(load_board("nucleo-l4r5zi"), tmp_path, _0x000A_0000=2048)
    with pytest.raises(DoesNotFitError, match=r"memory ram \(2,048 bytes\) is [\d,]+ bytes too small"):
        build(BuildRequest(board, tiny_model, tmp_path / "b"))


def test_the_most_recent_build_is_found(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no build yet"):
        builds.find(None)
    build(BuildRequest(load_board("native"), tiny_model, tmp_path / "one"))
    build(BuildRequest(load_board("native"), tiny_model, tmp_path / "two"))
    folder, found = builds.find(None)
    assert folder == tmp_path / "two" and found.board == "native"
    assert builds.find(tmp_path / "one")[0] == tmp_path / "one"
    with pytest.raises(UsageError, match="there is no build for spresense yet"):
        builds.find_for_board("spresense")


def test_no_compiler_comes_with_the_line_that_installs_it(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError) as caught:
        build(BuildRequest(load_board("qemu-mps2-an386"), tiny_model, tmp_path / "b"))
    assert caught.value.message == "arm-none-eabi-gcc is not installed"
    assert caught.value.hint == "apt-get install gcc-arm-none-eabi"


@pytest.mark.parametrize(
    "text", ['"', "\\", "??/", "\x1b[2J", "*/", "\0", "\n", "é", "%s", '");system("x");("', "\x80", "1"]
)
def test_any_text_stays_inside_a_c_string(text: str, tmp_path: Path) -> None:
    after_octal = c_string(f"\x01{text}7")
    (tmp_path / "t.c").write_text(f"#include <stdio.h>\nint main(void) {{ fwrite({after_octal}, 1, "
                                  f"sizeof({after_octal}) - 1, stdout); return 0; }}\n")  # fmt: skip
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Werror", "t.c", "-o", "t"], check=True, cwd=tmp_path)
    assert subprocess.check_output([tmp_path / "t"]) == f"\x01{text}7".encode()


def test_the_first_error_is_found_among_the_noise() -> None:
    output = (
        "In file included from a.c:1:\nb.h:3:2: warning: hm\nb.h:4:1: error: no such type\nb.h:5: error: x\n"
    )
    assert first_error(output) == "b.h:4:1: error: no such type"
    assert first_error("\n") == "no message"
    assert first_error("cc1: \x1b[31mdied") == "cc1: \\x1b[31mdied"


def test_the_manifest_says_what_the_build_did_without(tiny_build: Path) -> None:
    made = json.loads((tiny_build / manifest.FILE).read_text())
    assert any("--labels" in note for note in made["notes"])
    assert any("--preprocess" in note for note in made["notes"])
    assert made["output"]["labels"] is None and made["reference"]
