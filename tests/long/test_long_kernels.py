"""Each kernel against the reference: at least a million random outputs, and functions input by input."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.codegen.exact.unary import evaluate
from emgdeploy.convert.reference import Reference
from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles import Profiler
from emgdeploy.emulate.cycles.bare import link_alone
from emgdeploy.graph import read_tflite
from support import random_elementwise as elementwise
from support import random_layout as layout
from support import random_reduction as reduction
from support import random_weighted as weighted
from support.coverage import kernels_called, outputs_by_kernel
from support.kernel_graphs import layer
from support.maker import Maker, Value
from support.native_model import SANITIZE
from support.one_op import every, random_case
from support.proof import known_answer, prove, windows_of
from support.resume import Progress
from support.tflite_writer import options

pytestmark = pytest.mark.long

Layer = Callable[[Maker, Value], Value]
OUTPUTS = 1_000_000
# Outputs of the layer that one network should give.
PER_NETWORK = 50_000
FAST = (*SANITIZE, "-O2")


def float_ends(m: Maker, image: Value) -> Value:
    return elementwise.through_float(m, image)


# Kernel -> layers that reach it, and the type of their input.
KERNELS: dict[str, tuple[Layer, str]] = {
    "add_broadcast_s8": (elementwise.excite, "int8"),
    "add_linear_s8": (elementwise.add, "int8"),
    "add_s16": (elementwise.add, "int16"),
    "average_pool_s16": (reduction.average_pool, "int16"),
    "average_pool_s8": (reduction.average_pool, "int8"),
    "concatenation": (layout.concatenate, "int8"),
    "conv_s16": (weighted.conv, "int16"),
    "conv_s16_b32": (weighted.conv, "int16"),
    "conv_s8": (weighted.conv, "int8"),
    "depthwise_conv_s16": (weighted.depthwise, "int16"),
    "depthwise_conv_s8": (weighted.depthwise, "int8"),
    "extreme_s16": (elementwise.extreme, "int16"),
    "extreme_s8": (elementwise.extreme, "int8"),
    "fully_connected_offset_s8": (weighted.dense, "int8"),
    "fully_connected_s16": (weighted.dense, "int16"),
    "fully_connected_s8": (weighted.dense, "int8"),
    "lookup_s8": (elementwise.leaky_relu, "int8"),
    "lookup_s8_s16": (elementwise.change_type, "int8"),
    "max_pool_s16": (reduction.max_pool, "int16"),
    "max_pool_s8": (reduction.max_pool, "int8"),
    "mean_s16": (reduction.mean, "int16"),
    "mean_s8": (reduction.mean, "int8"),
    "mul_s16": (elementwise.mul, "int16"),
    "mul_s8": (elementwise.mul, "int8"),
    "pad": (layout.pad, "int8"),
    "prelu_s16": (elementwise.prelu, "int16"),
    "prelu_s8": (elementwise.prelu, "int8"),
    "reduce_extreme_s16": (reduction.extreme, "int16"),
    "reduce_extreme_s8": (reduction.extreme, "int8"),
    "quantize_f32_s16": (float_ends, "int16"),
    "dequantize_s16_f32": (float_ends, "int16"),
    "quantize_s16_s8": (elementwise.change_type, "int16"),
    "rescale_s16": (elementwise.leaky_relu, "int16"),
    "logistic_s16": (elementwise.logistic, "int16"),
    "softmax_s16": (elementwise.softmax, "int16"),
    "softmax_s8": (elementwise.softmax, "int8"),
    "tanh_s16": (elementwise.tanh, "int16"),
    "transpose": (layout.transpose, "int8"),
}


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("kernels")


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_million_random_outputs(kernel: str, progress: Progress, tmp_path: Path) -> None:
    if progress.report(kernel) is None:
        progress.finish(kernel, run(kernel, tmp_path))
    print(kernel, progress.report(kernel), flush=True)


def run(kernel: str, folder: Path) -> str:
    kind, dtype = KERNELS[kernel]
    seen = distinct = seed = 0
    while seen < OUTPUTS:
        m = Maker(seed, dtype)
        image = m.value((1, m.number(4, 20), m.number(4, 20), m.number(2, 12)))
        m.values.append(image)
        # A layer of another kind first, so that the kernel's place in the arena is shared.
        between = m.op(
            "QUANTIZE", [image.index], m.value(image.shape, image.spread), options("QuantizeOptions")
        )
        y = kind(m, between)
        each = min(max(PER_NETWORK // max(y.elements, image.elements // 20), 12), 1000)
        y = m.reshaped(y, (1, *y.shape)) if y.shape[0] != 1 else y
        tflite = m.writer.finish([image.index], [y.index])
        proof = prove(tflite, folder / "model", mixed(tflite, each, seed), flags=FAST, keep_float_io=True)
        shutil.rmtree(folder / "model")
        seen += outputs_by_kernel(proof.generated, proof.windows)[kernel]
        distinct += proof.distinct_outputs
        seed += 1
    return f"{seen} outputs in {seed} networks, {distinct} distinct windows"


def mixed(tflite: bytes, each: int, seed: int) -> NDArray[Any]:
    """Mostly random windows, some of extremes and some smooth."""
    reference = Reference(tflite, keep_tensors=False)
    kinds = ("random", "random", "extreme", "smooth")
    return np.concatenate([windows_of(reference, each // 4, kind, seed + i) for i, kind in enumerate(kinds)])


# Kernel for the DSP extension -> single layers that reach it, and the mode that takes it.
DSP_KERNELS = {
    "conv_dsp_s8": (("pointwise", "conv"), "memory"),
    "conv_dsp_s8 in batches": (("pointwise", "conv"), "speed"),
    "conv_rgb_dsp_s8": (("colour",), "speed"),
    "depthwise_dsp_s8": (("depthwise",), "memory"),
    "depthwise_fast_s8": (("depthwise",), "speed"),
    "fully_connected_dsp_s8": (("dense",), "speed"),
}
WINDOWS = 400


@pytest.mark.parametrize("case", DSP_KERNELS)
def test_a_million_outputs_of_the_portable_twins(case: str, progress: Progress, tmp_path: Path) -> None:
    key = f"{case}, portable twin"
    if progress.report(key) is None:
        kinds, mode = DSP_KERNELS[case]
        seen = seed = 0
        while seen < OUTPUTS:
            tflite = layer(kinds[seed % len(kinds)], seed)
            x = mixed(tflite, WINDOWS, seed)
            proof = prove(tflite, tmp_path / "model", x, flags=FAST, isa="dsp", optimize=mode)
            shutil.rmtree(tmp_path / "model")
            seen += outputs_by_kernel(proof.generated, proof.windows)[case.split()[0]]
            seed += 1
        progress.finish(key, f"{seen} outputs in {seed} networks")
    print(key, progress.report(key), flush=True)


@pytest.mark.parametrize("case", DSP_KERNELS)
def test_a_million_outputs_of_the_assembly(case: str, progress: Progress, tmp_path: Path) -> None:
    key = f"{case}, Cortex-M4"
    if progress.report(key) is None:
        kinds, mode = DSP_KERNELS[case]
        seen = seed = 0
        while seen < OUTPUTS:
            tflite = layer(kinds[seed % len(kinds)], seed)
            seen += on_cortex_m4(tflite, case.split()[0], mode, seed, tmp_path)
            seed += 1
        progress.finish(key, f"{seen} outputs in {seed} networks")
    print(key, progress.report(key), flush=True)


def on_cortex_m4(tflite: bytes, kernel: str, mode: str, seed: int, folder: Path) -> int:
    """Run windows through the emulated core, compare, and count the kernel's outputs."""
    options = CodegenOptions(known_answer(tflite), isa="dsp", optimize=mode)
    model = generate(read_tflite(tflite), options)
    if kernel not in kernels_called(model):
        return 0
    x = mixed(tflite, WINDOWS, seed)
    wanted = Reference(tflite, keep_tensors=False).run(x)
    elf = link_alone(model, CORES["cortex-m4f"], folder / "model")
    profiler = Profiler(elf, "cortex-m4f", x[0].nbytes, wanted[0].nbytes)
    for window, answer in zip(x, wanted, strict=True):
        assert profiler.run(window.tobytes()).output == answer.tobytes(), (kernel, seed)
    shutil.rmtree(folder / "model")
    return outputs_by_kernel(model, len(x))[kernel]


@pytest.mark.parametrize(
    "kind",
    ["QUANTIZE", "LOGISTIC", "RELU", "RELU6", "LEAKY_RELU", "PRELU", "ADD", "MUL", "SUB", "TANH", "HARD_SWISH",
     "GELU", "EXP", "ABS", "RELU_N1_TO_1", "RELU_0_TO_1", "MINIMUM", "MAXIMUM"],
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
