"""`emgdeploy sweep --pick N`: one network of an answer that is there, and its build."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import InputError, UsageError

if TYPE_CHECKING:
    from emgdeploy.cli.console import Console

_MOST = 64 << 20


def run(args: argparse.Namespace, console: Console) -> int:
    """Say which network it is, and with --build build it."""
    from emgdeploy.cli import entry, verbs

    if args.pick is None:
        raise UsageError("--build builds a network of the answer, and none is picked", "add --pick N")
    row = _row(args)
    checkpoint = args.study / row["checkpoint"]
    if not checkpoint.resolve().is_relative_to(args.study.resolve()):
        raise InputError(
            f"{args.study}: a checkpoint of the answer lies outside of it", "do not use this study"
        )
    if not checkpoint.is_file():
        raise InputError(f"{checkpoint} is missing", "run the same sweep again: it trains what is not there")
    words = ["build", "--board", _answer(args)["board"], "--model", str(checkpoint)]
    settings = ", ".join(f"{name} {value}" for name, value in row["settings"].items())
    console.print(
        f"{row['network']}: {settings}; {row['accuracy_int8']:.1%} on folds, {row['test']['accuracy']:.1%} unseen"
    )
    if not args.build:
        console.print(f"emgdeploy {shlex.join(words)}")
        console.result({"picked": row, "build": words})
        return 0
    return entry.perform(verbs.load("build"), [*words[1:], *(["--json"] if args.json else [])], console)


def _row(args: argparse.Namespace) -> dict[str, Any]:
    answer = _answer(args)
    by_id = {row["id"]: row for row in answer["trials"]}
    shown = list(dict.fromkeys([*answer["front"], *answer["front_learned"]]))
    if args.pick > len(shown):
        raise UsageError(
            f"the answer in {args.study} has {len(shown)} networks", f"pick one of 1 to {len(shown)}"
        )
    row: dict[str, Any] = by_id[shown[args.pick - 1]]
    return row


def _answer(args: argparse.Namespace) -> dict[str, Any]:
    from emgdeploy import bounded
    from emgdeploy.sweep.answer import FILE

    path = args.study / FILE
    if not path.is_file():
        raise InputError(
            f"{args.study} holds no answer ({FILE} is missing)", "run the sweep first, or name its --study"
        )
    answer = bounded.parsed(path, "run the sweep again", _MOST)
    try:
        known = {row["id"]: row["checkpoint"] for row in answer["trials"]}
        good = isinstance(answer["board"], str) and all(
            known[key] for key in [*answer["front"], *answer["front_learned"]]
        )
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no answer of a sweep ({type(error).__name__})", "run the sweep again"
        ) from None
    if not good:
        raise InputError(f"{path} names no checkpoint for a network of its front", "run the sweep again")
    found: dict[str, Any] = answer
    return found
