"""`build --name`: two models in one program, each with names of its own, and the firmware around either as usual."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate, naming
from emgdeploy.errors import UsageError
from emgdeploy.graph import read_tflite
from support.machines.native_model import STRICT, write_sources
from support.machines.proof import known_answer
from support.models.layered_net import layered_tflite

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")

_MAIN = """
#include <stdio.h>
#include "hand_model.h"
#include "wrist_model.h"
int main(void) {
    static const char *const names[] = HAND_CLASS_NAMES;
    static hand_input_t hand[HAND_INPUT_LEN];
    static wrist_output_t wrist[WRIST_OUTPUT_LEN];
    hand_model_invoke(hand, (hand_output_t *)wrist);
    return printf("%d %d %s %s", hand_model_selftest(), wrist_model_selftest(), names[HAND_CLASS_FIST], WRIST_MODEL_SHA256) < 0;
}
"""


def made(name: str, seed: int, sha256: str = "") -> GeneratedModel:
    tflite = layered_tflite()
    options = CodegenOptions(
        known_answer(tflite, seed),
        labels=("rest", "fist", "open"),
        name=name,
        header={"model_sha256": sha256},
    )
    return generate(read_tflite(tflite), options)


@needs_gcc
def test_two_models_link_into_one_program(tmp_path: Path) -> None:
    units = {
        name for model in ("hand", "wrist") for name in write_sources(made(model, 1, sha256=model), tmp_path)
    }
    (tmp_path / "main.c").write_text(_MAIN)
    sources = sorted(name for name in units if name.endswith(".c"))
    subprocess.run(["gcc", *STRICT, "-I.", "-o", "both", "main.c", *sources], cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "both"], check=True, capture_output=True, text=True).stdout
    assert said == "0 0 fist wrist"


@needs_gcc
def test_whoever_knows_the_usual_names_finds_them(tmp_path: Path) -> None:
    model = made("hand", 2)
    assert set(model.files) == set(naming.files_of("hand")) and "model.h" in model.files
    sources = [name for name in write_sources(model, tmp_path) if name.endswith(".c")]
    (tmp_path / "main.c").write_text(
        '#include "model.h"\nint main(void) { static emg_input_t x[EMG_INPUT_LEN]; static emg_output_t y[EMG_OUTPUT_LEN];\n'
        "emg_model_invoke(x, y); return emg_model_selftest() + EMG_CLASS_REST; }\n"
    )
    subprocess.run(["gcc", *STRICT, "-I.", "-o", "one", "main.c", *sources], cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "one"], check=True)


def test_the_same_text_but_for_names() -> None:
    usual, named = made("emg", 3), made("hand", 3)
    for file in ("model.c", "model_data.c", "model_data.h"):
        back = named.files[f"hand_{file}"].replace("HAND_", "EMG_").replace("hand_", "emg_")
        assert back.replace('"emg_model', '"model') == usual.files[file].replace('"emg_model', '"model'), file


@pytest.mark.parametrize("name", ["Hand", "2nd", "a-b", "", "a b", "x" * 32, "hand\n"])
def test_what_is_no_prefix_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot begin names in C"):
        naming.check(name)
