"""`emgdeploy size`: where the board's memory goes, and what became of the model's operators."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from emgdeploy.cli import folder as folders
from emgdeploy.cli import options
from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.firmware.manifest import Manifest

NAME = "size"
HELP = "show the memory map of a build, and what each layer takes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The build folder."""
    options.add_build(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print memories, parts, layers and files."""
    from emgdeploy.deploy.inventory import files, parts

    folder, manifest = folders.find(args.build, console)
    by_file = files(manifest, folder)
    by_part = parts(manifest)
    console.result(
        {
            "build": folder,
            "board": manifest.board,
            "fits": manifest.fits,
            "memories": manifest.memories,
            "parts": [vars(part) for part in by_part],
            "arena_bytes": manifest.arena_bytes,
            "arena_peak_layer": manifest.arena_peak_layer,
            "arena_bound_bytes": manifest.arena_bound_bytes,
            "weights": manifest.weights,
            "constants_ram_bytes": manifest.constants_ram_bytes,
            "layers": manifest.layers,
            "operators": manifest.operators,
            "files": by_file,
        }
    )
    show_memories(manifest, console)
    console.table(
        ("part", "stored", "RAM"), [(p.name, p.stored, p.ram) for p in by_part], "what takes it, in bytes"
    )
    show_arena(manifest, console)
    show_operators(manifest, console)
    show_layers(manifest, console)
    console.table(
        ("file", "text", "rodata", "data", "bss"),
        [(f.name, f.text, f.rodata, f.data, f.bss) for f in by_file],
        "files, in bytes as the linker kept them",
    )
    return 0


def show_layers(manifest: Manifest, console: Console) -> None:
    """What each layer takes, and which memory its weights and parameters are read from."""
    console.table(
        ("layer", "operator", "MACs", "weights", "read from", "RAM", "in", "out", "name"),
        [
            (
                i.index,
                i.op,
                i.macs,
                i.weights_bytes,
                i.constants_memory or "-",
                i.constants_ram_bytes,
                i.in_bytes,
                i.out_bytes,
                i.name[-40:],
            )
            for i in manifest.layers
        ],
        "layers, in bytes",
    )


def show_arena(manifest: Manifest, console: Console) -> None:
    """The arena beside the peak of live tensors, without and with overlap."""
    bounds, peak = manifest.arena_bound_bytes, manifest.arena_peak_layer
    full = "-" if peak is None else f"{peak} {manifest.layers[peak].op} {manifest.layers[peak].name[-40:]}"
    console.table(
        ("arena", "overlapped bound", "plain bound", "full in layer"),
        [(manifest.arena_bytes, bounds.overlapped, bounds.plain, full)],
        "arena, in bytes",
    )


def show_operators(manifest: Manifest, console: Console) -> None:
    """The graph before and after the passes, with their sums."""
    rows = [(o.op, o.in_file, o.on_device, o.in_file - o.on_device) for o in manifest.operators]
    sums = tuple(sum(column) for column in zip(*(row[1:] for row in rows), strict=True)) or (0, 0, 0)
    console.table(
        ("operator", "in the file", "on the device", "removed"),
        [*rows, ("all", *sums)],
        "graph before and after the passes",
    )


def show_memories(manifest: Manifest, console: Console) -> None:
    """One line per memory of the board."""
    rows = [(m.name, m.used, m.size, f"{m.used / m.size:.1%}", m.size - m.used) for m in manifest.memories]
    console.table(("memory", "used", "of", "share", "free"), rows, f"{manifest.board}, in bytes")
