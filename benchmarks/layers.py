"""One model on one core: instructions and modelled cycles per layer and function, and whether it is exact.

python benchmarks/layers.py MODEL.tflite [--core cortex-m4f] [--optimize speed] [--windows 2] [--functions]
                            [--every-channel]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.reference import Reference, evaluate
from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles import Profile
from emgdeploy.emulate.cycles.bare import link_alone, profiler_alone
from emgdeploy.graph import read_tflite


def main() -> int:
    """Build, profile, compare; 1 when a window's output differs from the reference's."""
    options = _options()
    data = options.model.read_bytes()
    reference = Reference(data, keep_tensors=False)
    info = np.iinfo(reference.input.dtype)
    rng = np.random.default_rng(options.seed)
    x = rng.integers(
        info.min, info.max + 1, (options.windows, *reference.input.shape[1:]), reference.input.dtype
    )
    y = reference.run(x)
    core = CORES[options.core]
    model = generate(
        read_tflite(data, options.model.name, evaluate),
        CodegenOptions(
            known_answer=(x[0], y[0]),
            optimize=options.optimize,
            isa=options.isa or core.isa,
            every_channel=options.every_channel,
        ),
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        elf = link_alone(model, core, folder)
        started = time.perf_counter()
        with profiler_alone(elf, core, x[0].nbytes, y[0].nbytes) as profiler:
            profiles = [profiler.run(window.tobytes(), options.alignment) for window in x]
    seconds = time.perf_counter() - started
    for index, layer in enumerate(model.layers):
        counts = [profile.layers[index] for profile in profiles]
        _line(
            f"{index:3} {layer.op:18} {layer.name[-40:]:40}",
            counts[0].instructions,
            counts[0].cycles,
            layer.macs,
        )
    _line("    outside of the layers", profiles[0].outside.instructions, profiles[0].outside.cycles, 0)
    if options.functions:
        for function in profiles[0].functions:
            _line(f"    {function.entered:6} x {function.name:50}", function.instructions, function.cycles, 0)
    wrong = sum(profile.output != answer.tobytes() for profile, answer in zip(profiles, y, strict=True))
    _total(profiles, model.macs, model.arena_bytes, seconds)
    print(f"{len(x) - wrong} of {len(x)} windows bit-exact")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--core", choices=[c for c in CORES if c.startswith("cortex")], default="cortex-m4f")
    parser.add_argument("--optimize", choices=("speed", "balanced", "memory"), default="speed")
    parser.add_argument("--isa", choices=("portable", "dsp", "mve"), help="default: the core's own")
    parser.add_argument("--every-channel", action="store_true", help="also those that could be left out")
    parser.add_argument("--windows", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--alignment", action="store_true", help="look at every access; slow")
    parser.add_argument("--functions", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder to leave the sources and model.elf in")
    return parser.parse_args()


def _line(name: str, instructions: int, cycles: int | None, macs: int) -> None:
    ratio = f"{cycles / macs:6.2f} cycles/MAC" if cycles is not None and macs else ""
    print(f"{name} {instructions:>12,} {'-' if cycles is None else f'{cycles:,}':>12} {ratio}")


def _total(profiles: list[Profile], macs: int, arena: int, seconds: float) -> None:
    first = profiles[0]
    _line("    total", first.total.instructions, first.total.cycles, macs)
    spread = {(profile.total.instructions, profile.total.cycles) for profile in profiles}
    stack = max(profile.stack_bytes for profile in profiles)
    print(
        f"{len(spread)} different totals; stack {stack} bytes, unaligned {first.unaligned}, arena {arena:,} bytes, {seconds:.1f} s"
    )


if __name__ == "__main__":
    raise SystemExit(main())
