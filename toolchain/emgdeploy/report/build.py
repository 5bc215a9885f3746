"""Sections about a build: conversion, layers, memory, where it comes from."""

from __future__ import annotations

from emgdeploy.deploy import inventory
from emgdeploy.emulate.cycles import report as cycles
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.pages import draw, words
from emgdeploy.pages.blocks import (
    Bar,
    Bars,
    Fact,
    Facts,
    Figure,
    Note,
    Part,
    Section,
    Stack,
    Table,
    Tile,
)
from emgdeploy.report.found import Json

_STYLES = "abcdef"
# So many layers make a list that not everybody wants to scroll through.
_MANY = 16


def tiles(manifest: Manifest) -> list[Tile]:
    """What it takes of the board."""
    return [
        Tile("flash", words.count(manifest.flash_bytes, "manifest.flash_bytes", "bytes"), "the whole image"),
        Tile(
            "RAM",
            words.count(manifest.ram_bytes, "manifest.ram_bytes", "bytes"),
            "variables, arena and stack",
        ),
    ]


def sections(manifest: Manifest, profile: Json | None, arena: Json | None) -> list[Section]:
    """All but its provenance."""
    return [
        *_ledger(manifest),
        *([Section(f"Layers of {manifest.board}: cycles", [cycles.layers(profile)])] if profile else []),
        Section("Layers: bytes of weights", [_weights(manifest)], folded=len(manifest.layers) > _MANY),
        *([_arena(manifest, arena)] if arena else []),
        _memory(manifest),
    ]


def provenance(manifest: Manifest) -> Section:
    """What it was made from, by what."""
    rows = [
        Fact("board", manifest.board),
        Fact("core", f"{manifest.core} at {manifest.clock_hz / 1e6:g} MHz"),
        Fact("optimized for", manifest.optimize),
        Fact("firmware", manifest.firmware_build_id),
        Fact("model", f"{manifest.model}, SHA-256 {manifest.model_sha256[:16]}…"),
        Fact("reference", manifest.reference),
        *(Fact(name, version) for name, version in manifest.tools.items()),
    ]
    return Section(
        "Where it comes from", [Facts(rows), *(Note(note, "note") for note in manifest.notes)], narrow=True
    )


def _ledger(manifest: Manifest) -> list[Section]:
    if not manifest.ledger:
        return []
    rows = [
        (
            entry.stage,
            "-"
            if entry.max_abs_diff is None
            else Figure(f"{entry.max_abs_diff:.2g}", entry.max_abs_diff, f"manifest.ledger.{i}.max_abs_diff"),
            words.percent(entry.top1_agreement, f"manifest.ledger.{i}.top1_agreement"),
            words.percent(entry.accuracy, f"manifest.ledger.{i}.accuracy"),
        )
        for i, entry in enumerate(manifest.ledger)
    ]
    headers = ("stage", "largest difference", "agreement", "accuracy")
    return [Section("The ledger: what each stage of conversion changed", [Table(headers, rows)])]


def _weights(manifest: Manifest) -> Bars:
    largest = max((layer.weights_bytes for layer in manifest.layers), default=1) or 1
    return Bars(
        [
            Bar(
                f"{layer.index} {layer.op}",
                layer.weights_bytes / largest,
                words.count(layer.weights_bytes, f"manifest.layers.{layer.index}.weights_bytes", "bytes"),
                f"{layer.name} · {layer.in_bytes:,} bytes in, {layer.out_bytes:,} out",
            )
            for layer in manifest.layers
        ]
    )


def _arena(manifest: Manifest, arena: Json) -> Section:
    boxes = [
        draw.Box(
            b["name"],
            b["offset"],
            b["bytes"],
            b["first"],
            b["last"],
            "b" if b["scratch"] else "a",
        )
        for b in arena["buffers"]
    ]
    bounds, peak = manifest.arena_bound_bytes, manifest.arena_peak_layer
    full = "" if peak is None else f", full in layer {peak} ({manifest.layers[peak].op})"
    said = (
        f"{manifest.arena_bytes:,} bytes{full}. Tensors lie where dead ones were, and outputs run into their own "
        f"inputs: without any of that it were {bounds.plain:,}, with every overlap that is allowed at least {bounds.overlapped:,}."
    )
    key = (("a", "tensors"), ("b", "scratch"))
    plot = draw.boxes("tensors over steps", boxes, len(manifest.layers), manifest.arena_bytes, key)
    return Section("The arena over time", [plot, Note(said, "note")])


def _memory(manifest: Manifest) -> Section:
    parts = inventory.parts(manifest)
    bars = [
        Bar(
            memory.name,
            memory.used / memory.size,
            words.count(memory.used, f"manifest.memories.{i}.used", "bytes"),
            f"{memory.used / memory.size:.1%} of {memory.size:,}",
        )
        for i, memory in enumerate(manifest.memories)
    ]
    return Section(
        "Memory of the board",
        [
            Bars(bars),
            _stack("Stored", [(part.name, part.stored) for part in parts if part.stored > 0]),
            _stack("In RAM at run time", [(part.name, part.ram) for part in parts if part.ram > 0]),
        ],
    )


def _stack(title: str, parts: list[tuple[str, int]]) -> Stack:
    whole = sum(size for _, size in parts) or 1
    return Stack(
        f"{title}: {whole:,} bytes",
        [
            Part(name, size / whole, f"{size:,}", style)
            for (name, size), style in zip(parts, _STYLES, strict=False)
        ],
    )
