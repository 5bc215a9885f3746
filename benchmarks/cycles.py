"""Build and profile every benchmark network on every core and mode, and write docs/benchmarks.md.

python benchmarks/cycles.py [--models emg-0_2 ad ...] [--cores cortex-m4f ...] [--modes speed ...]

Results are kept in build/benchmarks/results.json under what they depend on, so that a second run
measures only what has changed and an interrupted one goes on where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import table
from models import CACHE, MODELS, ROOT, Model
from rows import Row

from emgdeploy.binary.sections import sections
from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate
from emgdeploy.convert.reference import Reference, evaluate
from emgdeploy.cores import CORES, Core
from emgdeploy.emulate.cycles.bare import link_alone, profiler_alone
from emgdeploy.emulate.cycles.model import model_for
from emgdeploy.errors import EmgDeployError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import compiler
from emgdeploy.graph import read_tflite
from emgdeploy.resources import FIRMWARE_TEMPLATES

MODES = ("speed", "balanced", "memory")
CORE_NAMES = (
    "cortex-m4f",
    "cortex-m3",
    "cortex-m0plus",
    "cortex-m0",
    "cortex-m7f",
    "cortex-m33f",
    "cortex-m55",
)
RESULTS = CACHE / "results.json"
_WINDOWS = 2


@dataclass(frozen=True)
class Subject:
    """A model with windows and the reference's answers."""

    data: bytes
    x: np.ndarray
    y: np.ndarray


def subject(path: Path) -> Subject:
    """Random windows over the whole range of the input's type."""
    data = path.read_bytes()
    reference = Reference(data, keep_tensors=False)
    info = np.iinfo(reference.input.dtype)
    shape = (_WINDOWS, *reference.input.shape[1:])
    x = np.random.default_rng(0).integers(info.min, info.max, shape, reference.input.dtype, endpoint=True)
    return Subject(data, x, reference.run(x))


def measure(model: Model, it: Subject, core: Core, mode: str, known: dict[str, dict[str, Any]]) -> Row:
    """Build and profile, unless `known` has the result for the same sources."""
    options = CodegenOptions(
        known_answer=(it.x[0], it.y[0]), optimize=mode, isa=core.isa, every_channel=model.every_channel
    )
    generated = generate(read_tflite(it.data, model.key, evaluate), options)
    key = _fingerprint(generated, core)
    if key not in known:
        known[key] = dataclasses.asdict(_profile(model, it, core, mode, generated))
        write_atomic(RESULTS, json.dumps(known, indent=1) + "\n")
    return Row(**{**known[key], "model": model.key, "core": core.name, "mode": mode})


def _fingerprint(generated: GeneratedModel, core: Core) -> str:
    digest = hashlib.sha256()
    runtime = [(FIRMWARE_TEMPLATES / "runtime" / name).read_text() for name in generated.runtime_sources]
    tools = [compiler.find(core).version, *compiler.LANGUAGE, *core.cflags, repr(model_for(core.name))]
    for part in (*generated.files.values(), *runtime, *tools, core.name):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _profile(model: Model, it: Subject, core: Core, mode: str, generated: GeneratedModel) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        image = link_alone(generated, core, Path(folder))
        with profiler_alone(image, core, it.x[0].nbytes, it.y[0].nbytes) as profiler:
            profiles = [profiler.run(window.tobytes()) for window in it.x]
        code = sum(section.size for section in sections(image) if section.executable)
    answers = zip(profiles, it.y, strict=True)
    return Row(
        model=model.key,
        core=core.name,
        mode=mode,
        macs=generated.macs,
        instructions=profiles[0].total.instructions,
        cycles=profiles[0].total.cycles,
        arena=generated.arena_bytes,
        code=code,
        stack=max(profile.stack_bytes for profile in profiles),
        exact=all(profile.output == answer.tobytes() for profile, answer in answers),
    )


def main() -> int:
    """Everything that was asked for; 1 when an output is wrong or a model has no build."""
    wanted = _arguments()
    known = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    rows, failed = [], False
    for model in (m for m in MODELS if m.key in wanted.models):
        path = model.find()
        if path is None:
            print(f"{model.key}: its file is not here (EMGDEPLOY_SHARED)", flush=True)
            continue
        it = subject(path)
        for core in (CORES[name] for name in wanted.cores):
            for mode in wanted.modes:
                try:
                    row = measure(model, it, core, mode, known)
                except EmgDeployError as error:
                    print(f"{model.key:8} {core.name:14} {mode:9} {error}", flush=True)
                    failed = True
                    continue
                rows.append(row)
                failed |= not row.exact
                print(table.line(row), flush=True)
    if wanted.write:
        write_atomic(ROOT / "docs" / "benchmarks.md", table.document(rows))
        print("written: docs/benchmarks.md")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    keys = [model.key for model in MODELS]
    parser.add_argument("--models", nargs="+", choices=keys, default=keys)
    parser.add_argument("--cores", nargs="+", choices=CORE_NAMES, default=CORE_NAMES)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument(
        "--no-write", dest="write", action="store_false", help="leave docs/benchmarks.md alone"
    )
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
