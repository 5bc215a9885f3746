"""What people read and use in the generated C: numbers by step, a true memory map, scales, class names, the arena's place."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate
from emgdeploy.codegen.generate import Arrangement, arrange
from emgdeploy.codegen.literals import constant_names
from emgdeploy.graph import read_tflite
from support.machines.native_model import write_sources
from support.machines.proof import known_answer
from support.models.layered_net import layered_tflite

LABELS = ("hand close", 'say "hi"', "*/ #error", "7 up??/", "größe", "größe", "")
pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")


@pytest.fixture(scope="module")
def made() -> GeneratedModel:
    tflite = layered_tflite()
    classes = arranged_of(tflite).graph.tensors[arranged_of(tflite).graph.outputs[0]].elements
    labels = (*LABELS, *(f"class {n}" for n in range(classes)))[:classes]
    return generate(read_tflite(tflite), CodegenOptions(known_answer(tflite), labels=labels))


def arranged_of(tflite: bytes) -> Arrangement:
    return arrange(read_tflite(tflite), CodegenOptions(known_answer(tflite)))


def program(made: GeneratedModel, folder: Path, body: str, *flags: str) -> str:
    """What a program prints that includes model.c and does `body`."""
    sources = write_sources(made, folder)
    (folder / "main.c").write_text(
        f'#include <stdio.h>\n#include "model.c"\nint main(void) {{ {body} return 0; }}\n'
    )
    units = [name for name in sources if name.endswith(".c") and name != "model.c"]
    strict = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I.", *flags)
    subprocess.run(["gcc", *strict, "-o", "program", "main.c", *units], cwd=folder, check=True)
    return subprocess.run([folder / "program"], check=True, capture_output=True).stdout.decode()


def test_arrays_and_layers_are_numbered_by_step(made: GeneratedModel) -> None:
    text = made.files["model.c"]
    called = [int(n) for n in re.findall(r"\(&layer_(\d+)", text.partition("emg_model_run(void)")[2])]
    assert called == list(range(len(made.layers)))
    data = made.files["model_data.c"]
    declared = re.findall(r"^(?:const )?\w+ (emg_[a-z]+_(\d+))\w*\[", data, re.MULTILINE)
    assert [int(number) for _, number in declared] == sorted(int(number) for _, number in declared)
    assert len({name for name, _ in declared}) == len(declared) > len(made.layers)
    for number, layer in enumerate(made.layers):
        assert f"    {layer.kernel}(&layer_{number}, " in text


def test_the_memory_map_is_the_plan(made: GeneratedModel) -> None:
    arranged = arranged_of(layered_tflite())
    text = made.files["model.c"]
    places = dict(re.findall(r"^    (AT_\w+) = (\d+),$", text, re.MULTILINE))
    rows = re.findall(r"^ \* (AT_\w+) +(\d+) +(\d+) +(\d+) to (\d+)(?:  (.*))?$", text, re.MULTILINE)
    assert {name: at for name, at, *_ in rows} == places
    for number, step in enumerate(arranged.steps):
        assert int(places[f"AT_{number}"]) == arranged.plan.tensor(step.writes)
        if step.scratch_bytes:
            assert int(places[f"AT_SCRATCH_{number}"]) == arranged.plan.scratch(number)
    ends = [int(at) + int(size) for _, at, size, *_ in rows]
    assert made.arena_bytes - 4 < max(ends) <= made.arena_bytes
    named = [tensor.partition(" ")[2] for name, *_, tensor in rows if re.fullmatch(r"AT_\d+", name)]
    assert named == [layer.name for layer in made.layers]


def test_scales_and_classes_are_what_the_model_has(made: GeneratedModel, tmp_path: Path) -> None:
    count = int(np.prod(made.output.shape))
    said = program(
        made,
        tmp_path,
        "static const char *const names[] = EMG_CLASS_NAMES;"
        'printf("%.9g %d %.9g %d\\n", (double)EMG_INPUT_SCALE, EMG_INPUT_ZERO_POINT, (double)EMG_OUTPUT_SCALE, EMG_OUTPUT_ZERO_POINT);'
        'for (int k = 0; k < EMG_OUTPUT_LEN; ++k) { printf("%s\\n", names[k]); }'
        'printf("%d\\n", EMG_CLASS_HAND_CLOSE);',
    ).splitlines()
    x_scale, x_zero, y_scale, y_zero = said[0].split()
    assert np.float32(x_scale) == np.float32(made.input.scale) and int(x_zero) == made.input.zero_point
    assert np.float32(y_scale) == np.float32(made.output.scale) and int(y_zero) == made.output.zero_point
    assert tuple(said[1 : 1 + count])[: len(LABELS)] == LABELS[:count] and said[-1] == "0"


def test_names_of_others_become_different_constants() -> None:
    assert constant_names(LABELS) == ("HAND_CLOSE", "SAY_HI", "ERROR", "7_UP", "GR_SSE", "GR_SSE_5", "6")


def test_the_arena_goes_where_it_is_told(made: GeneratedModel, tmp_path: Path) -> None:
    write_sources(made, tmp_path)
    place = '-DEMG_ARENA_ATTRIBUTE=__attribute__((section(".dtcm")))'
    subprocess.run(["gcc", "-std=c99", place, "-I.", "-c", "model.c"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        ["objdump", "-t", "model.o"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    (arena,) = [line for line in listed.stdout.splitlines() if line.endswith(" arena")]
    assert ".dtcm" in arena.split()
