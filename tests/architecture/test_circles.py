"""No module needs itself, by whatever way around: each can be read once those that it imports are known."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from conftest import ROOT
from emgdeploy import __file__ as package_file

PACKAGE = Path(package_file).parent
Imports = Mapping[str, set[str]]


def modules(folder: Path, root: Path) -> dict[str, Path]:
    """Dotted name -> file of everything below `folder`, as code in `root` names it."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules of `known` that a file imports, at its top or inside of a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            yield from (module for module in below.values() if module in known)
            if node.module in known and not set(below.values()) <= set(known):
                yield node.module


def arrows(known: Mapping[str, Path]) -> Imports:
    """Module -> the modules that it imports."""
    return {name: set(imported(ast.parse(path.read_text()), known)) - {name} for name, path in known.items()}


def circle(imports: Imports) -> list[str]:
    """Modules that import each other in turn, the first one again at the end; empty where there are none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


@pytest.mark.parametrize(
    ("folder", "root"), [(PACKAGE, PACKAGE.parent), (ROOT / "benchmarks", ROOT / "benchmarks")]
)
def test_no_imports_run_in_a_circle(folder: Path, root: Path) -> None:
    imports = arrows(modules(folder, root))
    assert sum(map(len, imports.values())) > 5
    assert circle(imports) == []


def test_a_circle_is_found_also_inside_of_functions(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house/__init__.py").write_text("")
    (tmp_path / "house/upper.py").write_text("from house import lower\n")
    (tmp_path / "house/lower.py").write_text("def late():\n    from house.upper import name\n")
    assert set(circle(arrows(modules(tmp_path / "house", tmp_path)))) == {"house.lower", "house.upper"}
