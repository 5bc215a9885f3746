"""Each kernel against the reference: at least a million random outputs, and functions input by input."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen.exact.unary import evaluate
from emgdeploy.convert.reference import Reference
from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from support.long_runs.resume import Progress
from support.machines.native_model import SANITIZE
from support.machines.proof import prove
from support.models.coverage import outputs_by_kernel
from support.models.kernel_cases import DSP_KERNELS, KERNELS, mixed, network, windows_for
from support.models.kernel_graphs import layer
from support.models.one_op import every, random_case

pytestmark = pytest.mark.long

OUTPUTS = 1_000_000
# Outputs of the layer that one network should give.
PER_NETWORK = 50_000
FAST = (*SANITIZE, "-O2")


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("kernels")


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_million_random_outputs(kernel: str, progress: Progress, tmp_path: Path) -> None:
    if progress.report(kernel) is None:
        progress.finish(kernel, run(kernel, tmp_path))
    print(kernel, progress.report(kernel), flush=True)


def run(kernel: str, folder: Path) -> str:
    seen = distinct = seed = 0
    while seen < OUTPUTS:
        tflite = network(kernel, seed)
        reference = Reference(tflite, keep_tensors=False)
        x = mixed(reference, windows_for(reference, PER_NETWORK), seed)
        proof = prove(tflite, folder / "model", x, flags=FAST, keep_float_io=True)
        shutil.rmtree(folder / "model")
        seen += outputs_by_kernel(proof.generated, proof.windows)[kernel]
        distinct += proof.distinct_outputs
        seed += 1
    return f"{seen} outputs in {seed} networks, {distinct} distinct windows"


WINDOWS = 400


@pytest.mark.parametrize("case", DSP_KERNELS)
def test_a_million_outputs_of_the_portable_twins(case: str, progress: Progress, tmp_path: Path) -> None:
    key = f"{case}, portable twin"
    if progress.report(key) is None:
        kinds, mode = DSP_KERNELS[case]
        seen = seed = refused = 0
        while seen < OUTPUTS:
            tflite = layer(kinds[seed % len(kinds)], seed)
            seed += 1
            x = mixed(Reference(tflite, keep_tensors=False), WINDOWS, seed)
            try:
                proof = prove(tflite, tmp_path / "model", x, flags=FAST, isa="dsp", optimize=mode)
            except InputError as error:  # a few random quantizations are beyond what the reference can do
                assert "the reference defines no result" in str(error)
                refused += 1
                continue
            shutil.rmtree(tmp_path / "model")
            seen += outputs_by_kernel(proof.generated, proof.windows)[case.split()[0]]
        assert refused <= seed // 50
        progress.finish(key, f"{seen} outputs in {seed} networks, of which {refused} refused")
    print(key, progress.report(key), flush=True)


@pytest.mark.parametrize(
    "kind",
    ["QUANTIZE", "LOGISTIC", "RELU", "RELU6", "LEAKY_RELU", "PRELU", "ADD", "MUL", "SUB", "TANH", "HARD_SWISH",
     "GELU", "EXP", "ABS", "RELU_N1_TO_1", "RELU_0_TO_1", "MINIMUM", "MAXIMUM",
     "SQUARED_DIFFERENCE"],
)  # fmt: skip
def test_four_thousand_tables(kind: str, progress: Progress) -> None:
    """All 256 inputs of int8 operators of one operand: a million outputs."""
    key = f"table of {kind}"
    if progress.report(key) is None:
        for case in range(4000):
            tflite = random_case(kind, np.random.default_rng(10_000 + case), "int8", 256)
            graph = read_tflite(tflite)
            table = evaluate(graph, graph.ops[0], np.arange(-128, 128))
            wanted = Reference(tflite, keep_tensors=False).run(every("int8"))[0]
            assert np.array_equal(table, wanted), (kind, case)
        progress.finish(key, "4000 tables of 256 equal")
    print(key, progress.report(key), flush=True)


@pytest.mark.parametrize(
    "kind",
    ["QUANTIZE", "LOGISTIC", "RELU", "RELU6", "LEAKY_RELU", "PRELU", "ADD", "MUL", "SUB", "TANH", "MINIMUM"],
)
def test_every_16_bit_input(kind: str, progress: Progress, tmp_path: Path) -> None:
    key = f"16-bit {kind}"
    if progress.report(key) is None:
        for case in range(40):
            tflite = random_case(kind, np.random.default_rng(10_000 + case), "int16", 65536)
            prove(tflite, tmp_path / str(case), every("int16"), flags=FAST)
            shutil.rmtree(tmp_path / str(case))
        progress.finish(key, "40 functions of 65,536 inputs equal")
    print(key, progress.report(key), flush=True)
