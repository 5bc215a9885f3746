"""`manifest.json`: what a build folder holds, what it costs and what it was made from.

A build folder may come from another machine, so that loading treats it as hostile input.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy import bounded
from emgdeploy.cores import CORES
from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import integrity
from emgdeploy.firmware.json_fields import Fields

ADAPT = ("none", "head")
# The name of the parameters that a firmware begins with.
AS_BUILT = "0"
SCHEMA = "emgdeploy.build/1"
FILE = "manifest.json"
OPTIMIZE = ("speed", "balanced", "memory")
WEIGHTS = ("flash", "ram")
DTYPES = ("int8", "uint8", "int16", "int32", "float32")

_LARGEST_FILE = 16 << 20
_LARGEST_SIZE = 1 << 32


@dataclass(frozen=True)
class InputTensor:
    """The device's input buffer: `shape` without the batch, real = scale * (q - zero_point).

    layout: the order of `shape` in letters ("HWC"). A window of `window_shape`, which is the order of
    the model's own file, becomes the device's by numpy.transpose(window, window_axes).
    """

    shape: tuple[int, ...]
    dtype: str
    layout: str
    scale: float
    zero_point: int
    window_shape: tuple[int, ...]
    window_axes: tuple[int, ...]


@dataclass(frozen=True)
class OutputTensor:
    """The device's output buffer; labels None where the model brought none."""

    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int
    labels: tuple[str, ...] | None


@dataclass(frozen=True)
class LedgerEntry:
    """What one conversion stage changed: largest difference of logits, agreement and accuracy (0..1)."""

    stage: str
    max_abs_diff: float | None
    top1_agreement: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Ranges:
    """How int8 ranges were chosen: a method's name, or `learned` in training; on how many windows, and whether
    these were simulated."""

    method: str
    windows: int
    simulated: bool


@dataclass(frozen=True)
class Layer:
    """One step of the device's call sequence; sizes in bytes.

    constants_memory: the memory of the board that weights and parameters are read from, None where there are
    none. constants_ram_bytes: what they take of RAM because start-up copies them there.
    """

    index: int
    name: str
    op: str
    macs: int
    weights_bytes: int
    in_bytes: int
    out_bytes: int
    constants_memory: str | None
    constants_ram_bytes: int


@dataclass(frozen=True)
class Operator:
    """How often an operator stands in the model's file, and how many kernel calls are left of it."""

    op: str
    in_file: int
    on_device: int


@dataclass(frozen=True)
class ArenaBounds:
    """Peak of live tensors without overlap, and with every overlap an operator allows; bytes."""

    plain: int
    overlapped: int


@dataclass(frozen=True)
class MemoryUse:
    """What the image takes of one of the board's memories; bytes."""

    name: str
    used: int
    size: int


@dataclass(frozen=True)
class Adaptable:
    """what: `none` or `head`; layer: the name of the one whose constants can be replaced, and how many bytes."""

    what: str = "none"
    layer: str | None = None
    bytes: int = 0


@dataclass(frozen=True)
class Manifest:
    """See the contract's `manifest.json`; sizes in bytes, paths relative to the folder.

    sources: what compiles together with src/model.c on any C99 compiler.
    model: the file that it was built from. chosen: operator index -> kernel where --tune chose, else None.
    weights: where they were asked for: as constants ("flash"), or as far as possible in RAM ("ram").
    taps_of: for a build with taps the firmware_build_id of the same one without, else None.
    arena_peak_layer: index of the layer during which the arena is full.
    firmware_sources: the rest of the firmware. live_sources: what a user's own program compiles in addition
    to make windows from samples. notes: what the build had to do without.
    calibration: None where the model's file was int8 already.
    preprocess, acquisition: how windows are made and how the recordings behind them were taken, as
    `signals.Preprocess` and `signals.acquisition.Acquisition` read them; None where the model did not say.
    reference: name and version of the interpreter that computed golden.npz.
    network: what the model's network is called, `module:function` for a user's own: a name, which nothing imports.
    seen_windows: a trace of the windows it was trained or calibrated on, as `signals.traces.Trace` reads it.
    decisions: how outputs become decisions, as `signals.decisions.Rules` reads it; None in older folders.
    adapt: what can be replaced on the device (`none` or `head`), and how many bytes that are. parameter_set: the set in
    use, as built "0" (see `calibrations`).
    live: of firmware that recognises by itself: channels, ring_samples, recording_samples; else None.
    hashes: path -> SHA-256 of every file that the build made; None in a folder of version 0.1.0.
    """

    board: str
    core: str
    clock_hz: int
    optimize: str
    chosen: dict[int, str] | None
    weights: str
    model: str
    model_sha256: str
    firmware_build_id: str
    taps_of: str | None
    input: InputTensor
    output: OutputTensor
    macs: int
    params: int
    weights_bytes: int
    params_bytes: int
    constants_ram_bytes: int
    code_bytes: int
    flash_bytes: int
    arena_bytes: int
    arena_peak_layer: int | None
    arena_bound_bytes: ArenaBounds
    ram_bytes: int
    stack_bytes: int
    fits: bool
    expected_instructions: int | None
    memories: tuple[MemoryUse, ...]
    ledger: tuple[LedgerEntry, ...]
    calibration: Ranges | None
    layers: tuple[Layer, ...]
    operators: tuple[Operator, ...]
    artifacts: dict[str, str]
    sources: tuple[str, ...]
    firmware_sources: tuple[str, ...]
    tools: dict[str, str]
    reference: str
    live_sources: tuple[str, ...]
    preprocess: dict[str, Any] | None
    acquisition: dict[str, Any] | None
    notes: tuple[str, ...]
    hashes: dict[str, str] | None = None
    network: str | None = None
    seen_windows: dict[str, Any] | None = None
    decisions: dict[str, Any] | None = None
    adapt: Adaptable = Adaptable()
    parameter_set: str = AS_BUILT
    live: dict[str, Any] | None = None

    def artifact(self, folder: Path, name: str) -> Path:
        """The file of artefact `name`.

        Raises InputError when it is missing, leads out of `folder` or is not as it was built.
        """
        if name not in self.artifacts:
            raise InputError(f"the build in {folder} has no {name}", "build it with `emgdeploy build`")
        path = (folder / self.artifacts[name]).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise InputError(
                f"{folder / FILE}: the artefact {name} leads out of the folder",
                "do not use this folder; build it again with `emgdeploy build`",
            )
        if not path.exists():
            raise InputError(f"{path} is missing", "build the folder again with `emgdeploy build`")
        integrity.check(folder, self.artifacts[name], self.hashes)
        return path


def save(manifest: Manifest, folder: Path) -> None:
    """Write `folder`/manifest.json; the same manifest gives the same bytes."""
    table = {"schema": SCHEMA, **dataclasses.asdict(manifest)}
    write_atomic(folder / FILE, json.dumps(table, indent=2, allow_nan=False) + "\n")


def load(folder: Path) -> Manifest:
    """Read and check `folder`/manifest.json. Raises InputError naming the file and the entry."""
    path = folder / FILE
    if not path.exists():
        raise InputError(
            f"{folder} holds no build ({FILE} is missing)", "make one with `emgdeploy build`, or name another"
        )
    fields = Fields(bounded.parsed(path, "build the folder again", _LARGEST_FILE), str(path))
    if fields.text("schema") != SCHEMA:
        raise InputError(
            f"{path} has schema {fields.text('schema')}, this version reads {SCHEMA}",
            "build the folder again with this version of emgdeploy",
        )
    return _manifest(fields)


def _size(fields: Fields, key: str) -> int:
    return fields.integer(key, 0, _LARGEST_SIZE)


def _manifest(fields: Fields) -> Manifest:
    bounds = fields.inner("arena_bound_bytes")
    return Manifest(
        board=fields.name("board"),
        core=fields.choice("core", tuple(CORES)),
        clock_hz=fields.integer("clock_hz", 1),
        optimize=fields.choice("optimize", OPTIMIZE),
        chosen=fields.maybe("chosen", lambda key: _chosen(fields, key)),
        weights=fields.maybe("weights", lambda key: fields.choice(key, WEIGHTS)) or WEIGHTS[0],
        model=fields.maybe("model", fields.text) or "",
        model_sha256=_hexadecimal(fields, "model_sha256", 64),
        firmware_build_id=_hexadecimal(fields, "firmware_build_id", 16),
        taps_of=fields.maybe("taps_of", lambda key: _hexadecimal(fields, key, 16)),
        input=_input(fields.inner("input")),
        output=_output(fields.inner("output")),
        macs=fields.integer("macs"),
        params=fields.integer("params"),
        weights_bytes=_size(fields, "weights_bytes"),
        params_bytes=_size(fields, "params_bytes"),
        constants_ram_bytes=_copied(fields),
        code_bytes=_size(fields, "code_bytes"),
        flash_bytes=_size(fields, "flash_bytes"),
        arena_bytes=_size(fields, "arena_bytes"),
        arena_peak_layer=fields.maybe("arena_peak_layer", lambda key: _peak(fields, key)),
        arena_bound_bytes=ArenaBounds(_size(bounds, "plain"), _size(bounds, "overlapped")),
        ram_bytes=_size(fields, "ram_bytes"),
        stack_bytes=_size(fields, "stack_bytes"),
        fits=fields.truth("fits"),
        expected_instructions=fields.maybe("expected_instructions", fields.integer),
        memories=tuple(
            MemoryUse(m.word("name"), _size(m, "used"), _size(m, "size")) for m in fields.inners("memories")
        ),
        ledger=tuple(_ledger(entry) for entry in fields.inners("ledger")),
        calibration=fields.maybe("calibration", lambda key: _ranges(fields.inner(key))),
        layers=tuple(_layer(entry) for entry in fields.inners("layers")),
        operators=tuple(
            Operator(o.text("op"), o.integer("in_file"), o.integer("on_device"))
            for o in fields.inners("operators")
        ),
        artifacts=fields.path_table("artifacts"),
        sources=fields.paths("sources"),
        firmware_sources=fields.paths("firmware_sources"),
        tools=fields.text_table("tools"),
        reference=fields.text("reference"),
        live_sources=fields.maybe("live_sources", fields.paths) or (),
        preprocess=fields.maybe("preprocess", fields.table),
        acquisition=fields.maybe("acquisition", fields.table),
        notes=fields.texts("notes"),
        hashes=fields.maybe("hashes", lambda key: _hashes(fields, key)),
        network=fields.maybe("network", fields.text),
        seen_windows=fields.maybe("seen_windows", fields.table),
        decisions=fields.maybe("decisions", fields.table),
        adapt=fields.maybe("adapt", lambda key: _adapt(fields.inner(key))) or Adaptable(),
        live=fields.maybe("live", fields.table),
    )


def _adapt(fields: Fields) -> Adaptable:
    return Adaptable(fields.choice("what", ADAPT), fields.maybe("layer", fields.text), _size(fields, "bytes"))


def _hashes(fields: Fields, key: str) -> dict[str, str]:
    table = fields.inner(key)
    paths = fields.path_names(key)
    return {path: _hexadecimal(table, path, 64) for path in paths}


def _peak(fields: Fields, key: str) -> int:
    return fields.integer(key, 0, len(fields.inners("layers")) - 1)


def _chosen(fields: Fields, key: str) -> dict[int, str]:
    table = fields.text_table(key, 10_000)
    if not all(re.fullmatch("[0-9]{1,9}", index) for index in table):
        raise InputError(f"{key} must name operators by their index", "build the folder again")
    return {int(index): kernel for index, kernel in table.items()}


def _hexadecimal(fields: Fields, key: str, length: int) -> str:
    value = fields.text(key)
    if len(value) != length or not set(value) <= set("0123456789abcdef"):
        raise InputError(f"{key} must be {length} hexadecimal digits", "build the folder again")
    return value


def _input(fields: Fields) -> InputTensor:
    shape = fields.integers("shape", 1, 1 << 24)
    axes = fields.integers("window_axes", 0, 7)
    window = fields.integers("window_shape", 1, 1 << 24)
    if sorted(axes) != list(range(len(shape))) or tuple(window[a] for a in axes) != shape:
        raise InputError(
            f"input.window_shape {window} taken in the order {axes} is not input.shape {shape}",
            "build the folder again",
        )
    return InputTensor(
        shape=shape,
        dtype=fields.choice("dtype", DTYPES),
        layout=fields.word("layout"),
        scale=fields.number("scale"),
        zero_point=fields.integer("zero_point", -(1 << 31), (1 << 31) - 1),
        window_shape=window,
        window_axes=axes,
    )


def _output(fields: Fields) -> OutputTensor:
    return OutputTensor(
        shape=fields.integers("shape", 1, 1 << 24),
        dtype=fields.choice("dtype", DTYPES),
        scale=fields.number("scale"),
        zero_point=fields.integer("zero_point", -(1 << 31), (1 << 31) - 1),
        labels=fields.maybe("labels", fields.texts),
    )


def _ledger(fields: Fields) -> LedgerEntry:
    return LedgerEntry(
        stage=fields.text("stage"),
        max_abs_diff=fields.maybe("max_abs_diff", fields.number),
        top1_agreement=fields.maybe("top1_agreement", fields.number),
        accuracy=fields.maybe("accuracy", fields.number),
    )


def _ranges(fields: Fields) -> Ranges:
    return Ranges(fields.word("method"), _size(fields, "windows"), fields.truth("simulated"))


def _layer(fields: Fields) -> Layer:
    return Layer(
        index=fields.integer("index"),
        name=fields.text("name"),
        op=fields.text("op"),
        macs=fields.integer("macs"),
        weights_bytes=_size(fields, "weights_bytes"),
        in_bytes=_size(fields, "in_bytes"),
        out_bytes=_size(fields, "out_bytes"),
        constants_memory=fields.maybe("constants_memory", fields.word),
        constants_ram_bytes=_copied(fields),
    )


def _copied(fields: Fields) -> int:
    """0 in a folder that was built before weights could be copied to RAM."""
    return fields.maybe("constants_ram_bytes", lambda key: _size(fields, key)) or 0
