"""Programs short enough to count by hand: what belongs to which layer and function."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.emulate.cycles import Count, Profiler, SlowMemory, machine
from emgdeploy.emulate.cycles.image import read_image
from emgdeploy.errors import EmgDeployError, InputError, UsageError
from support.machines.images import image

# r0: input, r1: output of one byte each.
PROGRAM = {
    "emg_model_invoke": "push {r4, lr}; mov r4, r1; ldrb r0, [r0]; bl emg_model_run; strb r0, [r4]; pop {r4, pc}",
    "emg_model_run": "push {r4, lr}; bl first; mov r4, r0; bl second; pop {r4, lr}; b.w last",
    "first": "movs r2, #10; 1: subs r2, #1; bne 1b; bx lr",
    "second": "push {r4, lr}; bl helper; bl helper; pop {r4, pc}",
    "last": "adds r0, #1; bx lr",
    "helper": "nop; bx lr",
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return image(PROGRAM, tmp_path)


def test_layers_and_functions_of_a_program_counted_by_hand(program: Path) -> None:
    profile = Profiler(program, "cortex-m4", 1, 1).run(b"\x29")
    assert profile.output == b"\x2a"
    first, second, last = profile.layers
    # first: movs, 10 x (subs, bne), bx; then mov, bl of the driver up to the next call.
    assert first.instructions == 1 + 20 + 1 + 2
    # Entered by a taken bl (+2); nine bne taken; bx taken; what follows counts to it until second begins.
    assert first.cycles == 2 + 1 + 10 * 2 + 9 * 2 + (1 + 2) + 2
    # push, 2 x (bl, nop, bx), pop; then pop, b.w of the driver.
    assert second.instructions == 1 + 2 * 3 + 1 + 2
    assert second.cycles == 2 + 3 + 2 * (3 + 1 + 3) + (3 + 2) + 3 + 1
    # A layer that is jumped to, not called, and returns past the driver.
    assert last.instructions == 2
    assert last.cycles == 2 + 1 + 1
    calls = {function.name: function.entered for function in profile.functions}
    assert calls == {
        "emg_model_invoke": 1,
        "emg_model_run": 1,
        "first": 1,
        "second": 1,
        "last": 1,
        "helper": 2,
    }
    assert profile.outside.instructions == 6 + 2
    assert profile.total.instructions == 24 + 10 + 2 + 8
    own = {function.name: function.cycles for function in profile.functions}
    assert own["helper"] == 2 * (1 + 3)
    assert own["last"] == 1 + 3
    assert sum(cycles or 0 for cycles in own.values()) == profile.total.cycles
    assert profile.stack_bytes == 8 + 8 + 8
    assert first.code_bytes == 8
    assert second.code_bytes == 12 + 4


@settings(max_examples=20, deadline=None)
@given(chunk=st.integers(1, 40))
def test_pieces_of_the_recording_do_not_matter(chunk: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    program = image(PROGRAM, tmp_path_factory.mktemp("image"))
    whole = Profiler(program, "cortex-m4", 1, 1).run(b"\x01")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "_CHUNK", chunk)
        assert Profiler(program, "cortex-m4", 1, 1).run(b"\x01") == whole


def test_two_runs_are_identical(program: Path) -> None:
    profiler = Profiler(program, "cortex-m4", 1, 1)
    again = profiler.run(b"\x07")
    assert profiler.run(b"\x07") == again
    assert Profiler(program, "cortex-m4", 1, 1).run(b"\x07") == again


@pytest.mark.parametrize("core", ["cortex-m7f", "cortex-m33"])
def test_cores_without_a_cycle_table_count_instructions(core: str, program: Path) -> None:
    profile = Profiler(program, core, 1, 1).run(b"\x01")
    assert profile.total == Count(44, None, None)
    assert profile.model is None


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m0plus"])
def test_armv6m_cores_run(core: str, tmp_path: Path) -> None:
    functions = {**PROGRAM, "emg_model_run": "push {r4, lr}; bl first; bl second; bl last; pop {r4, pc}"}
    profile = Profiler(image(functions, tmp_path, core), core, 1, 1).run(b"\x01")
    assert profile.output == b"\x02"
    assert len(profile.layers) == 3
    assert profile.model is not None and profile.model.name == core


def test_wait_states_cost_a_line_of_code_each_and_a_load_each(tmp_path: Path) -> None:
    functions = {
        "emg_model_invoke": "push {r4, lr}; bl emg_model_run; pop {r4, pc}",
        "emg_model_run": "push {r4, lr}; bl kernel; pop {r4, pc}; .balign 16",
        "kernel": "ldr r0, 1f; ldr r0, [r0]; nop; nop; nop; b 2f; nop; nop; 2: nop; bx lr; .balign 4; 1: .word 0x1000",
    }
    program = image(functions, tmp_path)
    plain = Profiler(program, "cortex-m4", 1, 1).run(b"\0")
    slow = SlowMemory(((0x1000, 0x2000),), wait_states=5, line_bytes=16)
    waiting = Profiler(program, "cortex-m4", 1, 1, slow).run(b"\0")
    (layer,), (fast,) = waiting.layers, plain.layers
    # The kernel's two lines (16 and 4 bytes of code), one return to the driver's line, two loads.
    assert layer.waiting == 5 * (2 + 1 + 2)
    assert layer.cycles == (fast.cycles or 0) + layer.waiting
    assert plain.total.waiting == 0
    assert waiting.total.instructions == plain.total.instructions


def test_unaligned_accesses_are_counted_and_paid(tmp_path: Path) -> None:
    body = "sub sp, #16; add r3, sp, #1; nop; ldr r2, [r3]; nop; ldrh r2, [r3]; nop; ldr r2, [r3, #1]; nop; str r2, [r3]; "
    program = image({"emg_model_invoke": body + "add sp, #16; bx lr", "emg_model_run": "bx lr"}, tmp_path)
    profiler = Profiler(program, "cortex-m4", 1, 1)
    blind, seen = profiler.run(b"\0"), profiler.run(b"\0", alignment=True)
    assert (blind.unaligned, seen.unaligned) == (None, 4)
    # A word at an odd address takes three accesses, at an even one two; the store waits in its buffer.
    assert (seen.total.cycles or 0) - (blind.total.cycles or 0) == 2 + 1 + 1 + 0
    with pytest.raises(EmgDeployError, match="not aligned, which faults"):
        Profiler(program, "cortex-m0", 1, 1).run(b"\0", alignment=True)


@pytest.mark.parametrize("access", ["ldrd r2, r0, [r3]", "ldm r3, {r0, r2}", "strd r2, r0, [r3]"])
def test_what_no_core_does_unaligned_is_an_error(access: str, tmp_path: Path) -> None:
    body = f"sub sp, #16; add r3, sp, #2; {access}; add sp, #16; bx lr"
    program = image({"emg_model_invoke": body, "emg_model_run": "bx lr"}, tmp_path)
    with pytest.raises(EmgDeployError, match="in emg_model_invoke uses an address that is not aligned"):
        Profiler(program, "cortex-m7", 1, 1).run(b"\0", alignment=True)


def test_a_fault_ends_in_a_sentence(tmp_path: Path) -> None:
    functions = {
        "emg_model_invoke": "movs r0, #0; subs r0, #8; ldr r0, [r0]; bx lr",
        "emg_model_run": "bx lr",
    }
    with pytest.raises(EmgDeployError, match="emg_model_invoke faulted at 0x0000100"):
        Profiler(image(functions, tmp_path), "cortex-m4", 1, 1).run(b"\0")


def test_images_that_cannot_be_profiled(tmp_path: Path, program: Path) -> None:
    other = tmp_path / "other.elf"
    other.write_bytes(b"\x7fELF" + bytes(100))
    with pytest.raises(InputError, match="no executable for a 32-bit Arm core"):
        Profiler(other, "cortex-m4", 1, 1)
    truncated = tmp_path / "truncated.elf"
    truncated.write_bytes(program.read_bytes()[:60])
    with pytest.raises(InputError, match="no executable"):
        Profiler(truncated, "cortex-m4", 1, 1)
    with pytest.raises(InputError, match="no function emg_model_invoke"):
        Profiler(image({"nothing": "bx lr"}, tmp_path / "empty"), "cortex-m4", 1, 1)
    with pytest.raises(UsageError, match="cortex-m55"):
        Profiler(program, "cortex-m55", 1, 1)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a good image."""
    return image(PROGRAM, tmp_path_factory.mktemp("sound")).read_bytes()


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 1000), value=st.binary(min_size=1, max_size=4))
def test_damaged_images_end_in_a_sentence(
    at: int, value: bytes, sound: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = bytearray(sound)
    # The header and program headers at the front, section headers and symbols at the back.
    place = at if at < 500 else max(0, len(data) - (at - 500) - len(value))
    data[place : place + len(value)] = value
    broken = tmp_path_factory.mktemp("damaged") / "broken.elf"
    broken.write_bytes(data)
    with suppress(EmgDeployError):
        read_image(broken)
