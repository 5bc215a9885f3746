"""Each room imports only from those before it, and heavy packages only inside functions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from emgdeploy import __file__ as package_file

PACKAGE = Path(package_file).parent
SHELVES = (
    "errors",
    "text",
    "files",
    "folders",
    "bounded",
    "state",
    "optional",
    "resources",
    "cores",
    "board_schema",
    "boards",
    "diagnosis",
)
ROOMS = (
    "pages",
    "link",
    "binary",
    "graph",
    "codegen",
    "signals",
    "firmware",
    "nets",
    "convert",
    "calibrate",
    "deploy",
    "emulate",
    "flash",
    "bench",
    "sweep",
    "report",
    "cli",
    "api",
)
# Rooms that could be taken out as they are, with those that they stand on.
ALONE: dict[str, tuple[str, ...]] = {"link": (), "binary": (), "graph": (), "codegen": ("graph",)}
HEAVY = {
    "torch",
    "tensorflow",
    "onnx",
    "onnxruntime",
    "onnxsim",
    "scipy",
    "h5py",
    "ai_edge_litert",
    "unicorn",
}
FILES = sorted(p for room in ROOMS for p in (PACKAGE / room).rglob("*.py"))


def imports(tree: ast.AST) -> list[str]:
    """Dotted names of every import below `tree`."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def top_level_imports(tree: ast.Module) -> list[str]:
    """Imports that run when the module is imported; those for type checkers do not."""
    return [
        name for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for name in imports(node)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_only_what_stands_before_its_room(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    own = [
        name.split(".")[1] for name in imports(ast.parse(path.read_text())) if name.startswith("emgdeploy.")
    ]
    later = {name for name in own if name in ROOMS and ROOMS.index(name) > ROOMS.index(room)}
    assert not later
    if room in ALONE:
        assert {name for name in own if name in ROOMS} <= {room, *ALONE[room]}
    if room == "pages":
        assert set(own) <= {"text", "pages"}
    if room == "link":
        assert set(own) <= {"errors", "files", "text", "link"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_wait_until_they_are_needed(path: Path) -> None:
    loaded = {name.split(".")[0] for name in top_level_imports(ast.parse(path.read_text()))}
    lazily_imported = path.parent.name == "nets"  # its network classes are loaded by name
    assert lazily_imported or not loaded & HEAVY


def test_every_room_is_in_the_order() -> None:
    found = {p.name for p in PACKAGE.iterdir() if p.is_dir() and (p / "__init__.py").is_file()}
    assert found == set(ROOMS)
    modules = {p.stem for p in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert modules == set(SHELVES)
