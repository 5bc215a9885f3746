"""`build --tune`: every kernel is measured once, the fastest that fit are taken, and answers stay the reference's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate, kernels_by_operator
from emgdeploy.convert.reference import Reference
from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles import Profiler, tune
from emgdeploy.emulate.cycles.bare import link_alone
from emgdeploy.errors import UsageError
from emgdeploy.graph import read_tflite
from support.machines.proof import known_answer, windows_of
from support.models.coverage import kernels_called
from support.models.kernel_graphs import layer

M4 = CORES["cortex-m4f"]
# A depthwise layer that three kernels can compute.
TFLITE = layer("depthwise", 1)


@pytest.fixture
def options() -> CodegenOptions:
    return CodegenOptions(known_answer(TFLITE), isa="dsp")


def always(model: GeneratedModel) -> bool:
    return True


def test_the_fastest_kernel_is_taken_and_exact(options: CodegenOptions, tmp_path: Path) -> None:
    graph = read_tflite(TFLITE)
    (operator,) = kernels_by_operator(graph, options)
    names = list(kernels_by_operator(graph, options)[operator])
    assert names == ["depthwise_fast", "depthwise_dsp", "depthwise_any", "depthwise"]
    chosen = tune.tune(graph, options, M4, always, tmp_path / "known.json")
    cycles = {name: cycles_of(replace(options, chosen={operator: name}), tmp_path / name) for name in names}
    assert cycles[chosen[operator]] == min(cycles.values()) < max(cycles.values())


def cycles_of(options: CodegenOptions, folder: Path) -> int:
    """Cycles of one window; its output must be the reference's."""
    reference = Reference(TFLITE, keep_tensors=False)
    x = windows_of(reference, 1, "random", 5)
    y = reference.run(x)
    elf = link_alone(generate(read_tflite(TFLITE), options), M4, folder)
    profile = Profiler(elf, M4.name, x.nbytes, y.nbytes).run(x.tobytes())
    assert profile.output == y.tobytes()
    assert profile.total.cycles is not None
    return profile.total.cycles


def test_what_was_measured_is_not_measured_again(
    options: CodegenOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "deep" / "known.json"
    first = tune.tune(read_tflite(TFLITE), options, M4, always, cache)
    monkeypatch.setattr(tune, "_measure", None)  # would raise when called
    assert tune.tune(read_tflite(TFLITE), options, M4, always, cache) == first
    with pytest.raises(TypeError):
        tune.tune(read_tflite(TFLITE), options, CORES["cortex-m33f"], always, cache)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"key": "fast"}', "[" * 100_000])
def test_a_damaged_cache_is_made_anew(text: str, options: CodegenOptions, tmp_path: Path) -> None:
    cache = tmp_path / "known.json"
    cache.write_text(text)
    assert tune.tune(read_tflite(TFLITE), options, M4, always, cache)


def test_a_kernel_that_does_not_fit_is_not_taken(options: CodegenOptions, tmp_path: Path) -> None:
    def small(model: GeneratedModel) -> bool:
        return kernels_called(model) == ["depthwise_dsp_s8"]

    # The best-ranked kernel is also the fastest here, so nothing is left to choose where it does not fit.
    assert tune.tune(read_tflite(TFLITE), options, M4, small, tmp_path / "known.json") == {}


def test_a_core_that_is_not_emulated_is_refused(options: CodegenOptions) -> None:
    with pytest.raises(UsageError, match="native is not emulated"):
        tune.tune(read_tflite(TFLITE), options, CORES["native"], always)
