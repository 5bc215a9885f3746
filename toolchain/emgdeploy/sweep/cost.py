"""What a candidate costs on a board, known before it is trained: the untrained network is built and profiled."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from emgdeploy.boards import Board
from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert import golden
from emgdeploy.convert.ledger import Gates
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.deploy.workload import Material
from emgdeploy.emulate.cycles.bare import link_alone, profiler_alone
from emgdeploy.emulate.cycles.folder import profile_folder
from emgdeploy.emulate.cycles.profile import Count
from emgdeploy.errors import EmgDeployError, UsageError
from emgdeploy.files import write_atomic
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.graph import read_tflite
from emgdeploy.nets import registry, train
from emgdeploy.nets.checkpoint import save_checkpoint
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.sweep.candidate import Candidate

# An untrained network's answers are not worth a gate.
_ANY = Gates(float_diff=1e9, float_agreement=0, int8_agreement=0, int8_logits=1e9, simulated_agreement=0)


@dataclass(frozen=True)
class Limits:
    """What may be taken at most: milliseconds of one inference, bytes of RAM and flash; None for no limit."""

    latency_ms: float | None = None
    ram_bytes: int | None = None
    flash_bytes: int | None = None


@dataclass(frozen=True)
class Cost:
    """cycles, latency_ms: of one inference by the cycle model, None on a core without one; then instructions stand
    alone. ram_bytes, flash_bytes: of the whole image. refused: why it cannot be built, else None."""

    macs: int = 0
    params: int = 0
    instructions: int | None = None
    cycles: int | None = None
    latency_ms: float | None = None
    ram_bytes: int = 0
    flash_bytes: int = 0
    refused: str | None = None

    def beyond(self, limits: Limits) -> str | None:
        """Why the candidate is not trained; None where it is."""
        if self.refused is not None:
            return self.refused
        wanted = (
            (self.latency_ms, limits.latency_ms, "ms"),
            (self.ram_bytes, limits.ram_bytes, "bytes of RAM"),
            (self.flash_bytes, limits.flash_bytes, "bytes of flash"),
        )
        for value, most, unit in wanted:
            if value is not None and most is not None and value > most:
                return f"it takes {value:,.4g} {unit}, {most:,.4g} are allowed"
        return None


def predicted(candidate: Candidate, base: Preprocess, labels: tuple[str, ...], board: Board) -> Cost:
    """Build the candidate with untrained weights, and count. base: see `Candidate.preprocess`."""
    made = candidate.preprocess(base)
    usual = (0.0,) * len(made.electrodes), (1.0,) * len(made.electrodes)
    preprocess = made if made.is_fitted else replace(made, normalise="electrode", mean=usual[0], std=usual[1])
    with tempfile.TemporaryDirectory(prefix="emgdeploy-sweep-") as name:
        folder = Path(name)
        try:
            train.seed_everything(1)
            network = registry.new(
                candidate.network, preprocess.input_shape, len(labels), candidate.width
            ).eval()
            own = candidate.network if ":" in candidate.network else None
            save_checkpoint(folder / "untrained.pt", network, labels, preprocess, {}, factory=own)
            return of_build(folder / "untrained.pt", board, folder / "build", own, _ANY)
        except EmgDeployError as error:
            return Cost(refused=error.message)


def of_build(
    checkpoint: Path, board: Board, out: Path, factory: str | None = None, gates: Gates | None = None
) -> Cost:
    """What the build of a checkpoint takes. Raises what `build` raises."""
    given = Material(factory=factory, gates=gates)
    made = build(BuildRequest(board, checkpoint, out, given=given, latest=False))
    return _counted(out, made, board)


def _counted(folder: Path, made: Manifest, board: Board) -> Cost:
    instructions, cycles, latency = _inference(folder, made, board)
    return Cost(made.macs, made.params, instructions, cycles, latency, made.ram_bytes, made.flash_bytes)


def _inference(folder: Path, made: Manifest, board: Board) -> tuple[int | None, int | None, float | None]:
    """Instructions, cycles and milliseconds of one inference; None for what this core has no model of."""
    if "elf" in made.artifacts:
        try:
            table = profile_folder(folder, made).to_dict()
        except UsageError:
            return None, None, None
        return table["instructions"], table["cycles"], table["milliseconds"]
    total = _alone(folder, made, board)
    latency = None if total.cycles is None else round(total.cycles / board.clock_hz * 1e3, 4)
    return total.instructions, total.cycles, latency


def _alone(folder: Path, made: Manifest, board: Board) -> Count:
    """Of a model whose firmware is linked with its operating system elsewhere: the same C, linked by itself."""
    graph = read_tflite(made.artifact(folder, "tflite").read_bytes(), made.model)
    proof = golden.load(folder / "golden.npz")
    options = CodegenOptions((proof.x[0], proof.y[0]), optimize=made.optimize, isa=board.isa)
    model = generate(graph, options)
    window = model.input.quantize(proof.x[0])
    with tempfile.TemporaryDirectory(prefix="emgdeploy-sweep-") as name:
        elf = link_alone(model, board.cpu, Path(name))
        answer = model.output.quantize(proof.y[0])
        with profiler_alone(elf, board.cpu, window.nbytes, answer.nbytes) as profiler:
            return profiler.run(window.tobytes()).total


class Costs:
    """What is known of structures, kept in one file of the study; `board` and tool stand in the key."""

    def __init__(self, path: Path, board: Board) -> None:
        self._path = path
        self._board = board
        self._known: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.is_file() else {}

    def of(self, candidate: Candidate, base: Preprocess, labels: tuple[str, ...]) -> Cost:
        """From the file, else measured and remembered."""
        shape = candidate.preprocess(base).input_shape
        key = f"{self._board.name} {candidate.network} {candidate.width:g} {shape} {len(labels)}"
        if key not in self._known:
            self._known[key] = asdict(predicted(candidate, base, labels, self._board))
            write_atomic(self._path, json.dumps(self._known, indent=1, sort_keys=True) + "\n")
        return Cost(**self._known[key])
