"""How often the placement of an array is found: random rolls and mirrors of trials that nothing was learned from.

    .venv/bin/python benchmarks/placement.py --shared FOLDER [--turns N] [--unturned N]

Half of the turns are of flexemg's 16 x 4 grid, half of the two rings of Ninapro DB5, each by itself. What was learned
is the training side of a session; what is turned is one trial of its test side, or of another session that lies
alike. A JSON line for each kind and pair, then the table as Markdown.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emgdeploy.nets import align
from emgdeploy.nets.levels import Levels
from emgdeploy.signals import datasets
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.images import labelled_windows
from emgdeploy.signals.placement import NONE, Placement, Turn
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.recordings import Recording

_ROOT = Path(__file__).parents[1]
# Folder, subject, session learned from; folder and session whose test trials are turned.
_GRIDS = (
    ("flexemg", 1, 1, "flexemg", 1),
    ("flexemg", 1, 1, "flexemg_more", 2),
    ("flexemg", 1, 3, "flexemg", 3),
    ("flexemg_more", 2, 1, "flexemg_more", 1),
    ("flexemg_more", 2, 3, "flexemg_more", 3),
)
_RINGS, _HELD_BACK = (1, 3, 4), (2, 5)


@dataclass(frozen=True)
class Pair:
    """What was learned, and trials to turn: each a list of recordings, under its name. learned_from: names of the
    trials behind `known`."""

    name: str
    known: Levels
    preprocess: Preprocess
    trials: tuple[tuple[str, tuple[Recording, ...]], ...]
    learned_from: frozenset[str]


def title(recording: Recording) -> str:
    """The identity of a trial."""
    return (
        f"{recording.subject}/{recording.session}/{recording.trial}/{recording.part or recording.repetition}"
    )


def pairs(shared: Path) -> Iterator[Pair]:
    """Every pair, grids first."""
    for folder, subject, session, other, other_session in _GRIDS:
        first = DataChoice("flexemg", (subject,), (session,)).load(shared / "data" / folder)
        second = DataChoice("flexemg", (subject,), (other_session,)).load(shared / "data" / other)
        how = datasets.default_preprocess(first)
        learn = [r for r in first.recordings if r.part == "train"]
        held = tuple((title(r), (r,)) for r in second.recordings if r.part == "test")
        name = f"grid, subject {subject}, session {session} to {other_session}"
        yield _pair(name, learn, held, how, len(first.labels), first.array)
    for subject in _RINGS:
        reading = ReadOptions(ring="both", rest=False)
        dataset = DataChoice("ninapro-db5", (subject,), reading=reading).load(shared / "data/ninapro_db5")
        how = datasets.default_preprocess(dataset)
        learn = [r for r in dataset.recordings if r.repetition not in _HELD_BACK]
        repetitions = {n: [r for r in dataset.recordings if r.repetition == n] for n in _HELD_BACK}
        held = tuple((title(of[0]), tuple(of)) for of in repetitions.values())
        yield _pair(f"rings, subject {subject}", learn, held, how, len(dataset.labels), dataset.array)


def _pair(
    name: str,
    learn: list[Recording],
    held: tuple[tuple[str, tuple[Recording, ...]], ...],
    how: Preprocess,
    classes: int,
    array: tuple[int, int] | None,
) -> Pair:
    images = labelled_windows(learn, how)
    known = Levels.of(images.features, images.y, classes, how, array)
    return Pair(name, known, how, held, frozenset(map(title, learn)))


def found(pair: Pair, trial: tuple[Recording, ...], wanted: Placement) -> Placement:
    """What is found of a trial turned so that `wanted` would put it right."""
    undo = np.argsort(wanted.places(pair.known.grid, pair.known.array))
    turned = [replace(r, samples=r.samples[:, np.asarray(pair.preprocess.electrodes)[undo]]) for r in trial]
    plain = replace(pair.preprocess, electrodes=tuple(range(len(undo))))
    levels = [pair.known.levels(plain.features(r.samples), plain) for r in turned]
    return align.estimate(pair.known, np.concatenate(levels)).placement


def drawn(pair: Pair, rng: np.random.Generator) -> Placement:
    """A random turn of each array, nothing at all among them."""
    rows, columns = pair.known.array
    count = pair.known.grid[0] // rows * (pair.known.grid[1] // columns)
    return Placement(
        tuple(
            Turn(
                int(rng.integers(rows)),
                int(rng.integers(columns)),
                rows > 1 and bool(rng.integers(2)),
                columns > 1 and bool(rng.integers(2)),
            )
            for _ in range(count)
        )
    )


def right(wanted: Placement, got: Placement, pair: Pair) -> tuple[int, int, list[int]]:
    """Arrays whose row (of a ring: position) is right, arrays in all, and the error in columns of those."""
    rows, columns = pair.known.array
    good, errors = 0, []
    turns = wanted.turns, got.turns * (len(wanted.turns) // len(got.turns))
    for one, other in zip(*turns, strict=True):
        same = (one.rows, one.mirror_rows) == (other.rows, other.mirror_rows)
        if rows == 1:
            same = one == other
        good += same
        if same and rows > 1:
            by = (one.columns - other.columns) % columns
            errors.append(min(by, columns - by) if one.mirror_columns == other.mirror_columns else columns)
    return good, len(wanted.turns), errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--shared", type=Path, default=_ROOT.parent / "shared", help="where the recordings lie"
    )
    parser.add_argument("--turns", type=int, default=300, help="random turns in all (default 300)")
    parser.add_argument("--unturned", type=int, default=100, help="pairs that lie alike (default 100)")
    options = parser.parse_args()
    for row in judged(options.shared, options.turns, options.unturned):
        print(json.dumps(row), flush=True)


def judged(shared: Path, turns: int, unturned: int) -> Iterator[dict[str, Any]]:
    """A row for each pair: how many turns, rows right, errors in columns; of unturned ones how many moved."""
    rng = np.random.default_rng([1, 12])
    every = list(pairs(shared))
    for kind in ("grid", "rings"):
        of_kind = [pair for pair in every if pair.name.startswith(kind)]
        for number, pair in enumerate(of_kind):
            share = range(number, turns // 2, len(of_kind))
            good, count, errors = 0, 0, []
            for index in share:
                wanted = drawn(pair, rng)
                _, trial = pair.trials[index // len(of_kind) % len(pair.trials)]
                own, of, wrong = right(wanted, found(pair, trial, wanted), pair)
                good, count, errors = good + own, count + of, errors + wrong
            still = [
                found(pair, parts, NONE).is_none
                for parts in _stretches(pair, len(range(number, unturned // 2, len(of_kind))))
            ]
            yield {
                "pair": pair.name,
                "turns": len(share),
                "arrays": count,
                "row_right": good,
                "column_errors": {str(e): errors.count(e) for e in sorted(set(errors))},
                "unturned": len(still),
                "moved": still.count(False),
                "learned_from": sorted(pair.learned_from),
                "tested_on": [name for name, _ in pair.trials],
            }


def _stretches(pair: Pair, count: int) -> Iterator[tuple[Recording, ...]]:
    """So many different unturned pieces: whole trials first, then their halves, quarters and so on."""
    made, parts = 0, 1
    while made < count:
        for part in range(parts):
            for _, trial in pair.trials:
                if made == count:
                    return
                made += 1
                yield tuple(_piece(r, part, parts) for r in trial)
        parts *= 2


def _piece(recording: Recording, part: int, parts: int) -> Recording:
    size = len(recording.samples) // parts
    return replace(
        recording,
        samples=recording.samples[part * size : (part + 1) * size],
        labels=recording.labels[part * size : (part + 1) * size],
    )


if __name__ == "__main__":
    main()
