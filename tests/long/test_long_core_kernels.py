"""Each kernel on every core it is built for, emulated: at least a million random outputs, and every bound."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.reference import Reference
from emgdeploy.cores import CORES
from emgdeploy.graph import read_tflite
from support.long_runs.resume import Progress
from support.machines.core_model import run_on
from support.machines.proof import known_answer, prove
from support.models.coverage import kernels_called, outputs_by_kernel
from support.models.edge_layers import EDGES, Edge, edge_layer
from support.models.kernel_cases import DSP_KERNELS, KERNELS, MVE_KERNELS, mixed, network, windows_for
from support.models.kernel_graphs import layer

pytestmark = pytest.mark.long

OUTPUTS = 1_000_000
# Outputs of the layer that one network should give: natively there are more networks (test_long_kernels.py).
PER_NETWORK = 170_000
# One core of each kind of code that the compiler makes.
EVERY_CORE = ("cortex-m0", "cortex-m3", "cortex-m4f", "cortex-m7f", "cortex-m33f", "cortex-m55")


def cores_with(isa: str) -> tuple[str, ...]:
    """Those that run an instruction set's kernels; the portable ones serve them all."""
    return tuple(name for name in EVERY_CORE if isa in ("portable", CORES[name].isa))


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("core-kernels")


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_million_outputs_of_portable_kernels(kernel: str, progress: Progress, tmp_path: Path) -> None:
    cores = cores_with("portable")
    report(kernel, progress, lambda: random_outputs(kernel, "portable", "speed", cores, tmp_path, network))


@pytest.mark.parametrize("case", DSP_KERNELS)
def test_a_million_outputs_of_dsp_kernels(case: str, progress: Progress, tmp_path: Path) -> None:
    kinds, mode = DSP_KERNELS[case]
    kernel, cores = case.split()[0], cores_with("dsp")
    report(case, progress, lambda: random_outputs(kernel, "dsp", mode, cores, tmp_path, layers_of(kinds)))


@pytest.mark.parametrize("kernel", MVE_KERNELS)
def test_a_million_outputs_of_helium_kernels(kernel: str, progress: Progress, tmp_path: Path) -> None:
    kinds, mode = MVE_KERNELS[kernel]
    cores = cores_with("mve")
    report(kernel, progress, lambda: random_outputs(kernel, "mve", mode, cores, tmp_path, layers_of(kinds)))


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_both_sides_of_every_bound(edge: Edge, progress: Progress, tmp_path: Path) -> None:
    report(str(edge) + edge.mode, progress, lambda: beside_the_bound(edge, tmp_path))


def report(key: str, progress: Progress, prove_it: Callable[[], str]) -> None:
    if progress.report(key) is None:
        progress.finish(key, prove_it())
    print(key, progress.report(key), flush=True)


def layers_of(kinds: Sequence[str]) -> Callable[[str, int], bytes]:
    return lambda _, seed: layer(kinds[seed % len(kinds)], seed)


def random_outputs(
    kernel: str,
    isa: str,
    mode: str,
    cores: Sequence[str],
    folder: Path,
    network_of: Callable[[str, int], bytes],
) -> str:
    """Run networks until the kernel has written enough outputs on each core, all equal to the reference's."""
    seen: Counter[str] = Counter()
    seed = networks = 0
    while min((seen[core] for core in cores), default=0) < OUTPUTS:
        tflite = network_of(kernel, seed)
        options = CodegenOptions(known_answer(tflite), isa=isa, optimize=mode, keep_float_io=True)
        model = generate(read_tflite(tflite), options)
        seed += 1
        if kernel not in kernels_called(model):
            continue
        networks += 1
        reference = Reference(tflite, keep_tensors=False)
        x = mixed(reference, windows_for(reference, PER_NETWORK), seed)
        given, wanted = model.input.quantize(x), model.output.quantize(reference.run(x))
        for core in cores:
            got = run_on(core, model, given, folder / core)
            shutil.rmtree(folder / core)
            assert got.tobytes() == wanted.tobytes(), (kernel, core, seed - 1)
            seen[core] += outputs_by_kernel(model, len(x))[kernel]
    return f"{networks} networks, outputs equal: {', '.join(f'{core} {seen[core]}' for core in cores)}"


def beside_the_bound(edge: Edge, folder: Path) -> str:
    """Three layers just inside, three just outside: natively and on each core that has the kernel."""
    outputs = 0
    for seed in range(3):
        for inside in (True, False):
            made = edge_layer(edge, inside, seed)
            native = prove(made.tflite, folder / "native", made.x, isa=edge.isa, optimize=edge.mode)
            wanted = Reference(made.tflite, keep_tensors=False).run(made.x)
            for core in cores_with(edge.isa):
                got = run_on(core, native.generated, made.x, folder / core)
                assert np.array_equal(got, wanted.reshape(got.shape)), (edge, inside, core, seed)
                shutil.rmtree(folder / core)
                outputs += got.size
            shutil.rmtree(folder / "native")
    return f"{outputs} outputs on {', '.join(cores_with(edge.isa))} equal"
