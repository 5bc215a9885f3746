"""Which kernel computes each layer fastest: every candidate is built, run in the emulator and counted."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate, kernels_by_operator
from emgdeploy.codegen.includes import files_of
from emgdeploy.codegen.step import Step
from emgdeploy.cores import Core
from emgdeploy.emulate.cycles.bare import link_alone, profiler_alone
from emgdeploy.emulate.cycles.machine import CORES
from emgdeploy.emulate.cycles.model import model_for
from emgdeploy.emulate.cycles.qemu import MACHINES
from emgdeploy.errors import UsageError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import compiler
from emgdeploy.graph.types import Graph
from emgdeploy.resources import FIRMWARE_TEMPLATES

Fits = Callable[[GeneratedModel], bool]
Kernels = Mapping[int, Mapping[str, Step]]


def tune(
    graph: Graph, options: CodegenOptions, core: Core, fits: Fits, cache: Path | None = None
) -> dict[int, str]:
    """By operator index the fastest kernel's name, for CodegenOptions.chosen.

    Cycles decide, or instructions for a core without a cycle model. Where the fastest of all together do
    not fit, those that save most are taken as long as the model fits. cache: a JSON file of what is known
    already, by default in the user's cache folder. Raises UsageError for a core that is not emulated.
    """
    if core.name not in CORES and core.name not in MACHINES:
        raise UsageError(
            f"--tune counts cycles, and {core.name} is not emulated instruction by instruction",
            f"leave it out, or build for a board with one of {', '.join(sorted({*CORES, *MACHINES}))}",
        )
    kernels = {op: steps for op, steps in kernels_by_operator(graph, options).items() if len(steps) > 1}
    costs = _costs(graph, options, core, kernels, cache or _default_cache())
    best = {op: min(known, key=lambda name: known[name]) for op, known in costs.items()}
    return _as_far_as_it_fits(graph, options, fits, costs, best)


def _default_cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "emgdeploy" / "tune.json"


def _costs(
    graph: Graph, options: CodegenOptions, core: Core, kernels: Kernels, cache: Path
) -> dict[int, dict[str, int]]:
    """What each candidate costs; one build measures one candidate of every layer."""
    known = _read(cache)
    tools = (compiler.find(core).version, *core.cflags, *compiler.LANGUAGE, repr(model_for(core.name)))
    keys = {op: {name: _key(step, tools) for name, step in steps.items()} for op, steps in kernels.items()}
    for number in range(max((len(steps) for steps in kernels.values()), default=0)):
        chosen = {op: list(names)[min(number, len(names) - 1)] for op, names in keys.items()}
        if all(keys[op][name] in known for op, name in chosen.items()):
            continue
        found = _measure(graph, replace(options, chosen=chosen), core)
        known |= {keys[op][name]: found[op] for op, name in chosen.items()}
        write_atomic(cache, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return {op: {name: known[key] for name, key in names.items()} for op, names in keys.items()}


def _key(step: Step, tools: tuple[str, ...]) -> str:
    """All that a layer's cost depends on: its numbers, its kernels' text, and what compiles and counts them."""
    fields = repr(step.fields)
    digest = hashlib.sha256()
    for number, array in enumerate(step.arrays):
        fields = fields.replace(repr(array.name), f"array {number}")
        digest.update(array.values.tobytes())
    runtime = FIRMWARE_TEMPLATES / "runtime"
    texts = [(runtime / name).read_text("utf-8") for name in sorted(files_of(step))]
    for part in (step.kernel, fields, *texts, *tools):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _measure(graph: Graph, options: CodegenOptions, core: Core) -> dict[int, int]:
    """Cycles or instructions of each operator's kernel call."""
    model = generate(graph, options)
    window, answer = options.known_answer
    given, wanted = model.input.quantize(window), model.output.quantize(answer)
    with tempfile.TemporaryDirectory() as folder:
        elf = link_alone(model, core, Path(folder))
        with profiler_alone(elf, core, given.nbytes, wanted.nbytes) as profiler:
            layers = profiler.run(given.tobytes()).layers
    counts = [layer.instructions if layer.cycles is None else layer.cycles for layer in layers]
    return dict(zip(model.steps_op, counts, strict=True))


def _as_far_as_it_fits(
    graph: Graph, options: CodegenOptions, fits: Fits, costs: dict[int, dict[str, int]], best: dict[int, str]
) -> dict[int, str]:
    """All of `best` if that fits, else one after the other, those that save most first."""
    if fits(generate(graph, replace(options, chosen=best))):
        return best
    ranked = {op: next(iter(names)) for op, names in costs.items()}
    gains = {op: costs[op][ranked[op]] - costs[op][name] for op, name in best.items()}
    taken: dict[int, str] = {}
    for op in sorted((op for op in best if gains[op] > 0), key=lambda op: -gains[op]):
        more = {**taken, op: best[op]}
        if fits(generate(graph, replace(options, chosen=more))):
            taken = more
    return taken


def _read(cache: Path) -> dict[str, int]:
    """What is known; nothing where there is no such file, or one that is damaged."""
    try:
        found = json.loads(cache.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: cost for key, cost in found.items() if isinstance(cost, int)}
