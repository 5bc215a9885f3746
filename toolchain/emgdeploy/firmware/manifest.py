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
from emgdeploy.codegen import naming
from emgdeploy.cores import CORES
from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import integrity
from emgdeploy.firmware import manifest_parts as parts
from emgdeploy.firmware.json_fields import Fields

# The name of the parameters that a firmware begins with.
AS_BUILT = "0"
SCHEMA = "emgdeploy.build/1"
FILE = "manifest.json"
OPTIMIZE = ("speed", "balanced", "memory")
WEIGHTS = ("flash", "ram")

_LARGEST_FILE = 16 << 20


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
    name: the prefix of what the generated C defines (`build --name`).
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
    input: parts.InputTensor
    output: parts.OutputTensor
    macs: int
    params: int
    weights_bytes: int
    params_bytes: int
    constants_ram_bytes: int
    code_bytes: int
    flash_bytes: int
    arena_bytes: int
    arena_peak_layer: int | None
    arena_bound_bytes: parts.ArenaBounds
    ram_bytes: int
    stack_bytes: int
    fits: bool
    expected_instructions: int | None
    memories: tuple[parts.MemoryUse, ...]
    ledger: tuple[parts.LedgerEntry, ...]
    calibration: parts.Ranges | None
    layers: tuple[parts.Layer, ...]
    operators: tuple[parts.Operator, ...]
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
    adapt: parts.Adaptable = parts.NOTHING_ADAPTABLE
    parameter_set: str = AS_BUILT
    live: dict[str, Any] | None = None
    name: str = naming.USUAL

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
        model_sha256=parts.hexadecimal(fields, "model_sha256", 64),
        firmware_build_id=parts.hexadecimal(fields, "firmware_build_id", 16),
        taps_of=fields.maybe("taps_of", lambda key: parts.hexadecimal(fields, key, 16)),
        input=parts.input_tensor(fields.inner("input")),
        output=parts.output_tensor(fields.inner("output")),
        macs=fields.integer("macs"),
        params=fields.integer("params"),
        weights_bytes=parts.size(fields, "weights_bytes"),
        params_bytes=parts.size(fields, "params_bytes"),
        constants_ram_bytes=parts.copied_bytes(fields),
        code_bytes=parts.size(fields, "code_bytes"),
        flash_bytes=parts.size(fields, "flash_bytes"),
        arena_bytes=parts.size(fields, "arena_bytes"),
        arena_peak_layer=fields.maybe("arena_peak_layer", lambda key: _peak(fields, key)),
        arena_bound_bytes=parts.ArenaBounds(parts.size(bounds, "plain"), parts.size(bounds, "overlapped")),
        ram_bytes=parts.size(fields, "ram_bytes"),
        stack_bytes=parts.size(fields, "stack_bytes"),
        fits=fields.truth("fits"),
        expected_instructions=fields.maybe("expected_instructions", fields.integer),
        memories=tuple(
            parts.MemoryUse(m.word("name"), parts.size(m, "used"), parts.size(m, "size"))
            for m in fields.inners("memories")
        ),
        ledger=tuple(parts.ledger_entry(entry) for entry in fields.inners("ledger")),
        calibration=fields.maybe("calibration", lambda key: parts.ranges(fields.inner(key))),
        layers=tuple(parts.layer(entry) for entry in fields.inners("layers")),
        operators=tuple(
            parts.Operator(o.text("op"), o.integer("in_file"), o.integer("on_device"))
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
        adapt=fields.maybe("adapt", lambda key: parts.adaptable(fields.inner(key)))
        or parts.NOTHING_ADAPTABLE,
        live=fields.maybe("live", fields.table),
        name=fields.maybe("name", fields.name) or naming.USUAL,
    )


def _hashes(fields: Fields, key: str) -> dict[str, str]:
    table = fields.inner(key)
    paths = fields.path_names(key)
    return {path: parts.hexadecimal(table, path, 64) for path in paths}


def _peak(fields: Fields, key: str) -> int:
    return fields.integer(key, 0, len(fields.inners("layers")) - 1)


def _chosen(fields: Fields, key: str) -> dict[int, str]:
    table = fields.text_table(key, 10_000)
    if not all(re.fullmatch("[0-9]{1,9}", index) for index in table):
        raise InputError(f"{key} must name operators by their index", "build the folder again")
    return {int(index): kernel for index, kernel in table.items()}
