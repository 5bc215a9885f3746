"""Which layers' constants go to RAM: those that are read most per byte, as far as the room goes."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.codegen.generate import Arrangement, arrange
from emgdeploy.codegen.placement import layers_in_ram, ram_bytes
from emgdeploy.codegen.step import Array, Step
from emgdeploy.graph import read_tflite
from support.machines.proof import known_answer
from support.models.layered_net import layered_tflite
from support.random_models.random_graphs import random_graph


@pytest.fixture(scope="module")
def arranged() -> Arrangement:
    tflite = layered_tflite()
    return arrange(read_tflite(tflite), CodegenOptions(known_answer(tflite)))


def _steps(arranged: Arrangement, *sizes_and_macs: tuple[int, int]) -> list[Step]:
    """Steps that differ only in bytes of constants and MACs; 0 bytes: no constants at all."""
    template = arranged.steps[0]
    return [
        replace(
            template,
            macs=macs,
            arrays=(Array(f"weights_{i}", "int8_t", np.zeros(size, np.int8)),) if size else (),
        )
        for i, (size, macs) in enumerate(sizes_and_macs)
    ]


def test_most_reads_per_byte_come_first(arranged: Arrangement) -> None:
    # 100, 400, 25 and 200 MACs for each byte.
    steps = _steps(arranged, (80, 8_000_000), (160, 64_000_000), (800, 20_000_000), (80, 16_000_000))
    taken = [layers_in_ram(arranged.graph, steps, room) for room in (0, 160, 240, 320, 1119, 1120)]
    assert taken == [set(), {1}, {1, 3}, {0, 1, 3}, {0, 1, 3}, {0, 1, 2, 3}]


def test_what_is_too_large_makes_way_for_the_next(arranged: Arrangement) -> None:
    steps = _steps(arranged, (4000, 4_000_000_000), (80, 8_000_000), (0, 9_000_000), (72, 7_000))
    assert layers_in_ram(arranged.graph, steps, 3999) == {1, 3}
    assert layers_in_ram(arranged.graph, steps, 4000) == {0}


def test_of_equals_the_earlier_one_is_taken(arranged: Arrangement) -> None:
    steps = _steps(arranged, *[(80, 8_000_000)] * 5)
    assert [layers_in_ram(arranged.graph, steps, 80 * n) for n in range(4)] == [set(), {0}, {0, 1}, {0, 1, 2}]


def test_alignment_is_part_of_the_size(arranged: Arrangement) -> None:
    step = _steps(arranged, (80, 1))[0]
    several = replace(step, arrays=tuple(Array(str(i), "int8_t", np.zeros(9, np.int8)) for i in range(3)))
    assert ram_bytes(several) == 48


@pytest.mark.parametrize("seed", range(4))
def test_the_room_is_never_exceeded_and_never_left_where_a_layer_fits(seed: int) -> None:
    tflite = random_graph(seed)
    made = arrange(read_tflite(tflite), CodegenOptions(known_answer(tflite)))
    have = {i for i, step in enumerate(made.steps) if step.arrays}
    whole = sum(ram_bytes(step) for step in made.steps)
    for room in {*range(0, whole, max(1, whole // 40)), whole}:
        taken = layers_in_ram(made.graph, made.steps, room)
        left = room - sum(ram_bytes(made.steps[i]) for i in taken)
        assert taken <= have and left >= 0
        assert all(ram_bytes(made.steps[i]) > left for i in have - taken)
    assert layers_in_ram(made.graph, made.steps, whole) == have


def test_only_the_layers_in_ram_lose_their_const() -> None:
    tflite = layered_tflite()
    options = CodegenOptions(known_answer(tflite))
    plain = generate(read_tflite(tflite), options)
    half = generate(
        read_tflite(tflite),
        replace(options, ram_for_constants=(plain.weights_bytes + plain.params_bytes) // 2),
    )
    inside = [layer for layer in half.layers if layer.in_ram]
    assert 0 < len(inside) < sum(layer.constants_bytes > 0 for layer in half.layers)
    assert half.ram_constants_bytes == sum(layer.constants_bytes for layer in inside)
    assert not any(layer.in_ram for layer in plain.layers) and plain.ram_constants_bytes == 0
    note = "/* Never written; not const, so that they are copied to RAM at start-up. */\n"
    before, after = (made.files["model_data.h"] for made in (plain, half))
    assert after.count(note) == len(inside) and note not in before
    for name, start in (("model_data.h", "extern "), ("model_data.c", "")):
        before, after = (made.files[name].replace(note, "") for made in (plain, half))
        lines = [line for line in after.splitlines() if line not in before.splitlines()]
        assert lines and all(re.match(rf"{start}u?int\d+_t emg_\w+\[", line) for line in lines), lines
        restored = after
        for line in lines:
            plainly = f"{start}const {line.removeprefix(start)}"
            restored = restored.replace(line + "\n", plainly + "\n")
        assert restored == before
    assert half.files["model.c"] == plain.files["model.c"]
