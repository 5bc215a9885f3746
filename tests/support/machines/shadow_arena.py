"""The proof of a memory plan: generated C whose every load and store is checked against the plan.

`shadow/shadow.c` tags each byte of the arena with the tensor and element it holds. Kernels and model
are the unmodified sources, so the checks follow the order in which the kernels really read and write.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conftest import ROOT
from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate
from emgdeploy.codegen.generate import Arrangement, arrange
from emgdeploy.codegen.places import Plan
from emgdeploy.codegen.step import Step
from emgdeploy.convert.reference import Reference
from emgdeploy.graph import read_tflite
from support.machines.native_model import STRICT, kernel_object, write_sources
from support.machines.proof import as_file, known_answer, windows_of

MODES: tuple[dict[str, Any], ...] = (
    {"isa": "portable", "optimize": "memory"},
    {"isa": "portable", "optimize": "speed"},
    {"isa": "dsp", "optimize": "memory"},
    {"isa": "dsp", "optimize": "speed"},
    {"isa": "mve", "optimize": "memory"},
    {"isa": "mve", "optimize": "speed"},
)

_RUNTIME = ROOT / "tests/support/machines/shadow"
# Loops stay loops: as calls of memcpy they would pass unseen.
_OBSERVED = (
    "-fsanitize=thread",
    "-fno-tree-loop-distribute-patterns",
    *(f"-D{name}=shadow_{name}" for name in ("memcpy", "memmove", "memset")),
)
_SCRATCH = 1 << 20
# They keep their exponentials in the output, so there an output's byte is no stale input.
_WORK_IN_OUTPUT = frozenset({"emg_softmax_s16"})
# What fills their patches up to whole words or vectors is left as it is: its weights are zeros.
_UNFILLED_LANES = frozenset(
    {"emg_conv_dsp_s8", "emg_conv_rgb_dsp_s8", "emg_conv_mve_s8", "emg_pointwise_mve_s8"}
)


class PlanError(AssertionError):
    """A step touched a byte that was not, or no longer, its own."""


@dataclass(frozen=True)
class Shadowed:
    """What was proven: a number of windows over a plan that shares memory between `shared` pairs."""

    windows: int
    steps: int
    shared: int


def prove_plan(tflite: bytes, folder: Path, windows: int = 1, **options: Any) -> Shadowed:
    """Run random windows under the shadow. PlanError on the first touch that the plan does not allow."""
    chosen = CodegenOptions(known_answer(tflite), **options)
    graph = read_tflite(tflite)
    arranged, generated = arrange(graph, chosen), generate(graph, chosen)
    program = _build(arranged, generated, folder)
    reference = Reference(tflite, keep_tensors=False)
    x = windows_of(reference, windows, "random")
    done = subprocess.run([program], input=generated.input.quantize(x).tobytes(), capture_output=True)
    if done.returncode:
        raise PlanError(done.stderr.decode()[-500:])
    outputs = np.frombuffer(done.stdout, generated.output.dtype).reshape(windows, -1)
    _compare(generated, outputs, reference, x)
    return Shadowed(windows, len(arranged.steps), _sharing(arranged))


def _compare(generated: GeneratedModel, outputs: NDArray[Any], reference: Reference, x: NDArray[Any]) -> None:
    """The program under the shadow computes what it should."""
    wanted = reference.run(x).reshape(len(x), -1)
    assert np.array_equal(as_file(generated, outputs, reference), wanted)


def _sharing(arranged: Arrangement) -> int:
    """Steps whose output lies partly where one of their operands did."""
    graph, plan = arranged.graph, arranged.plan

    def span(tensor: int) -> range:
        at = plan.tensor(tensor)
        return range(at, at + graph.tensors[tensor].nbytes)

    def meet(a: range, b: range) -> bool:
        return a.start < b.stop and b.start < a.stop

    return sum(any(meet(span(s.writes), span(t)) for t in s.reads) for s in arranged.steps)


def _build(arranged: Arrangement, generated: GeneratedModel, folder: Path) -> Path:
    units = [f for f in write_sources(generated, folder) if f.startswith("runtime/") and f.endswith(".c")]
    kernels = [kernel_object(f, "gcc", _OBSERVED) for f in units]
    (folder / "main.c").write_text(_main(arranged))
    model = ["gcc", *STRICT, *_OBSERVED, "-DEMG_TAPS", "-I.", "-c", "-o", "model.o", "model.c"]
    link = [
        "gcc",
        *STRICT,
        f"-I{_RUNTIME}",
        "-I.",
        "-o",
        "shadowed",
        "main.c",
        "model_data.c",
        f"{_RUNTIME}/shadow.c",
    ]
    for command in (model, [*link, "model.o", *kernels]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[:4000]
    return folder / "shadowed"


def _main(arranged: Arrangement) -> str:
    """A program that feeds windows to the model under the plan's table."""
    graph, plan, steps = arranged.graph, arranged.plan, arranged.steps
    reads = [
        f"static const shadow_place_t reads_{i}[] = {{{', '.join(_place(arranged, t) for t in s.reads)}}};"
        for i, s in enumerate(steps)
    ]
    rows = [
        f'{{"{s.kernel}", reads_{i}, {len(s.reads)}, '
        f"{int(s.kernel in _WORK_IN_OUTPUT)}, {int(s.kernel in _UNFILLED_LANES)}, "
        f"{_place(arranged, s.writes)}, {_scratch(s, i, plan)}}},"
        for i, s in enumerate(steps)
    ]
    return _MAIN.format(
        reads="\n".join(reads),
        table="\n    ".join([*rows, "{0}"]),
        input=_place(arranged, graph.inputs[0]),
        input_at=plan.tensor(graph.inputs[0]),
        arena_bytes=plan.arena_bytes,
        count=len(steps),
    )


def _place(arranged: Arrangement, tensor: int) -> str:
    plan = arranged.plan
    return f"{{{plan.tensor(tensor)}, {arranged.graph.tensors[tensor].nbytes}, {plan.root[tensor]}}}"


def _scratch(step: Step, number: int, plan: Plan) -> str:
    if not step.scratch_bytes:
        return f"{{0, 0, {_SCRATCH + number}}}"
    return f"{{{plan.scratch(number)}, {step.scratch_bytes}, {_SCRATCH + number}}}"


_MAIN = """
#include <stdio.h>
#include "model.h"
#include "shadow.h"
{reads}
static const shadow_step_t steps[] = {{
    {table}
}};
static const shadow_place_t input = {input};
int main(void) {{
    emg_input_t *const in = emg_model_input();
    while (fread(in, sizeof in[0], EMG_INPUT_LEN, stdin) == EMG_INPUT_LEN) {{
        shadow_begin((int8_t *)(void *)in - {input_at}, {arena_bytes}, steps, {count}, &input);
        emg_model_run();
        const emg_output_t *const out = emg_model_output();
        if (fwrite(out, sizeof out[0], EMG_OUTPUT_LEN, stdout) != EMG_OUTPUT_LEN) {{
            return 3;
        }}
    }}
    return 0;
}}
"""
