"""The tables against the examples and entries of Arm's manuals."""

from __future__ import annotations

from pathlib import Path

import pytest

from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles.decode import Decoder, Op
from emgdeploy.emulate.cycles.model import CycleModel, model_for
from support.machines.thumb import assemble

M4, M3, M0, M0P = "cortex-m4f", "cortex-m3", "cortex-m0", "cortex-m0plus"


def model(core: str) -> CycleModel:
    found = model_for(core)
    assert found is not None
    return found


def decode(text: str, folder: Path, core: str = M4) -> tuple[Op, ...]:
    cpu = core.removesuffix("f")
    fpu = "fpv4-sp-d16" if core == M4 else "softvfp"
    return Decoder().block(assemble(text.replace(";", "\n"), folder, cpu, fpu), 0x1000)


@pytest.mark.parametrize(
    ("text", "cycles"),
    [
        # Section 3.3.3 of the manual, word for word its examples.
        ("ldr r0, [r1]; ldr r1, [r2]", 3),
        ("ldr r0, [r1, r2]; str r0, [r3, #20]", 3),
        ("ldr r0, [r1, r2]; str r1, [r3, r2]", 3),
        ("ldr r0, [r1, r5]; ldr r1, [r2]; ldr r2, [r3, #4]", 4),
        ("ldr r0, [r1]; ldr r2, [r0]", 4),  # the address needs the load before
        ("str r0, [r1, #4]", 1),
        ("str r0, [r1, r2]", 2),
        ("str r0, [r1, #4]; ldr r2, [r3]", 3),  # nothing is pipelined behind a store
        ("ldr r0, [r1], #4; ldr r2, [r1], #4", 3),  # an updated base is no result of the load
        ("add r1, r2, #4; ldr r0, [r1]", 4),  # no forwarding into an address
        ("add r1, r2, #4; nop; ldr r0, [r1]", 4),
        ("sub sp, #8; push {r4, r5}", 5),
        # 1 + N
        ("ldm r0!, {r1, r2, r3}", 4),
        ("stmdb r0!, {r1, r2, r3}", 4),
        ("ldrd r0, r1, [r2]", 3),
        ("strd r0, r1, [r2], #8", 3),
        ("push {r4-r7, lr}", 6),
        ("pop {r4-r7}", 5),
        ("ldr r0, [r1]; ldm r2, {r3, r4}", 5),
        # One cycle each, DSP included.
        ("mul r0, r1, r2; mla r0, r1, r2, r3; smull r0, r1, r2, r3; smlad r0, r1, r2, r0", 4),
        ("sxtb16 r0, r1, ror #8; pkhbt r0, r1, r2; ssat r0, #8, r0; smmulr r0, r1, r2; uadd8 r0, r1, r2", 5),
        ("sdiv r0, r1, r2", 12),
        ("udiv r0, r1, r2", 12),
        ("adds r0, r0, #1; it ne; movne r1, #0", 2),  # IT folds onto a 16-bit instruction
        ("add.w r0, r0, #1; it ne; movne r1, #0", 3),
        # Floating point, table 7-1.
        ("vldr s0, [r0]", 2),
        ("vldr d0, [r0]", 3),
        ("vldm r0!, {s0-s3}", 5),
        ("vpush {d8-d9}", 5),
        ("vadd.f32 s0, s1, s2; nop", 2),
        ("vadd.f32 s0, s1, s2; vmul.f32 s3, s0, s0", 3),  # the result is wanted at once
        ("vfma.f32 s0, s1, s2; nop", 4),
        ("vdiv.f32 s0, s1, s2; nop", 15),
        ("vmov r0, r1, d0", 2),
        ("vmov r0, s0", 1),
        # Jumps not taken.
        ("cmp r0, #0; beq .+20", 2),
        ("cbz r0, .+20", 1),
    ],
)
def test_cortex_m4_sequences(text: str, cycles: int, tmp_path: Path) -> None:
    assert model(M4).block(decode(text, tmp_path)) == cycles


@pytest.mark.parametrize(
    ("core", "text", "cycles"),
    [
        (M3, "mul r0, r1, r2", 1),
        (M3, "mla r0, r1, r2, r3", 2),
        (M3, "smull r0, r1, r2, r3", 5),
        (M3, "smlal r0, r1, r2, r3", 7),
        (M3, "ldr r0, [r1]; ldr r1, [r2]", 3),
        (M0, "ldr r0, [r1]; ldr r1, [r2]", 4),  # von Neumann: nothing is pipelined
        (M0, "strb r0, [r1, r2]", 2),
        (M0, "muls r0, r1, r0", 1),
        (M0, "push {r4-r7, lr}", 6),
        (M0, "ldm r0!, {r1, r2}", 3),
        (M0, "adds r1, r1, #4; ldr r0, [r1]", 3),
        (M0P, "ldr r0, [r1]; str r0, [r2]", 4),
    ],
)
def test_other_cores_sequences(core: str, text: str, cycles: int, tmp_path: Path) -> None:
    assert model(core).block(decode(text, tmp_path, core)) == cycles


@pytest.mark.parametrize(
    ("core", "text", "cycles"),
    [
        (M4, "b .+40", 3),
        (M4, "bne .+40", 3),
        (M4, "cbnz r0, .+40", 3),
        (M4, "bl .+40", 3),
        (M4, "bx lr", 3),
        (M4, "blx r3", 3),
        (M4, "pop {r4, pc}", 5),
        (M4, "ldr pc, [r1]", 4),
        (M4, "tbb [pc, r0]", 4),
        (M0, "b .+40", 3),
        (M0, "bne .+40", 3),
        (M0, "bl .+40", 4),
        (M0, "bx lr", 3),
        (M0, "pop {r4, pc}", 6),
        (M0P, "b .+40", 2),
        (M0P, "bne .+40", 2),
        (M0P, "bl .+40", 3),
        (M0P, "bx lr", 2),
        (M0P, "pop {r4, pc}", 5),
    ],
)
def test_jumps_taken(core: str, text: str, cycles: int, tmp_path: Path) -> None:
    ops = decode(text, tmp_path, core)
    target = ops[-1].address + 40
    assert model(core).block(ops) + model(core).transition(ops[-1], target, None) == cycles


def test_a_skipped_return_takes_one_cycle(tmp_path: Path) -> None:
    ops = decode("it eq; popeq {r4, r5, pc}; nop", tmp_path)
    skipped = model(M4).block(ops[:2]) + model(M4).transition(ops[1], ops[2].address, ops[2])
    assert skipped == 2  # the IT and one cycle


def test_a_block_cut_anywhere_costs_the_same(tmp_path: Path) -> None:
    ops = decode(
        "ldr r0, [r1]; ldr r2, [r3]; add r3, r2, #1; ldr r4, [r3]; adds r4, #1; it eq; moveq r4, r0", tmp_path
    )
    whole = model(M4).block(ops)
    for cut in range(1, len(ops)):
        first, second = ops[:cut], ops[cut:]
        extra = model(M4).transition(first[-1], second[0].address, second[0])
        assert model(M4).block(first) + extra + model(M4).block(second) == whole, cut


def test_cores_without_a_published_table_have_no_model() -> None:
    for core in CORES:
        modelled = core.startswith(("cortex-m0", "cortex-m3", "cortex-m4")) and not core.startswith(
            "cortex-m33"
        )
        assert (model_for(core) is not None) == modelled, core
