"""`emgdeploy report`: one page from recordings to board, or two sets of results side by side."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from emgdeploy.cli.console import Console
from emgdeploy.errors import UsageError

NAME = "report"
HELP = "one page of all results in a folder: bench, build, profile, training; or two of them side by side"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The folders, and where the page goes."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="DIR",
        help="holds a build or a training, itself or below (default: the current folder)",
    )
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar=("A", "B"), help="two such folders side by side"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE.html", help="the page (default: report.html or compare.html in DIR)"
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Write the page and say where it is."""
    if args.compare is None:
        return _one(args, console)
    if args.folder is not None:
        raise UsageError("--compare names its two folders itself", "leave DIR out")
    from emgdeploy.report import compare, found

    path = args.out or Path("compare.html")
    a, b = (found.find(folder) for folder in args.compare)
    rows = compare.write(a, b, path)
    console.table(("", "A", "B", "better"), [(r["name"], r["a"], r["b"], r["better"] or "") for r in rows])
    return _written(path, {"a": args.compare[0], "b": args.compare[1], "rows": rows}, console)


def _one(args: argparse.Namespace, console: Console) -> int:
    from emgdeploy.report import found, whole

    folder = args.folder or Path()
    results = found.find(folder)
    path = args.out or folder / whole.FILE
    whole.write(results, path)
    there = {name: getattr(results, name) for name in ("training", "build")}
    there |= {
        name: getattr(results, name) is not None for name in ("bench", "profile", "recordings", "arena")
    }
    for name, value in there.items():
        console.print(f"{name}: {value if isinstance(value, Path) else 'on the page' if value else 'none'}")
    return _written(path, there, console)


def _written(path: Path, result: dict[str, Any], console: Console) -> int:
    console.result({"schema": "emgdeploy.report/1", "page": path, **result})
    console.print(f"report: {path}", style="bold")
    return 0
