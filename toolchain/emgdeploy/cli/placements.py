"""What `--placement` of train and eval does: recordings put right, and a word about those that should be."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emgdeploy.cli.align import show
from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.nets.align import Alignment
    from emgdeploy.nets.checkpoint import Checkpoint
    from emgdeploy.nets.levels import Levels
    from emgdeploy.signals.choice import DataChoice
    from emgdeploy.signals.matching import Matched
    from emgdeploy.signals.recordings import Dataset, Recording

Rows = list[dict[str, Any]]


def put_right(
    args: argparse.Namespace,
    choice: DataChoice,
    matched: Matched,
    start: Checkpoint | None,
    source: object,
    console: Console,
) -> tuple[Dataset, Rows]:
    """The recordings as if the arrays had lain as the checkpoint `start` learned it, and a row for each session.

    Without a checkpoint, as in the first session. Nothing but the training side is looked at where there is one, and
    labels never. Raises InputError for a checkpoint that does not know.
    """
    from emgdeploy.nets import placing

    found: dict[tuple[int, int], Alignment] = {}

    def estimate() -> Mapping[tuple[int, int], Alignment]:
        known = _of_first(choice, matched) if start is None else placing.levels_of(start, str(source))
        known = replace(known, array=args.array or known.array)
        found.update(placing.find(known, _looked_at(choice, matched.dataset), matched.preprocess))
        show(found, console)
        return found

    placements = placing.wanted(args.placement, matched.dataset, estimate)
    dataset = placing.put_right(
        matched.dataset, matched.preprocess, args.array or _array(matched, start), placements
    )
    if found:
        return dataset, placing.summary(found)
    given = {session: str(one) for session, one in placements.items() if not one.is_none}
    return dataset, [{"subject": s, "session": n, "placement": text} for (s, n), text in given.items()]


def warn(choice: DataChoice, matched: Matched, checkpoint: Checkpoint, console: Console) -> None:
    """Say where an array seems to lie otherwise than in training, where the checkpoint knows how it lay."""
    from emgdeploy.nets import placing
    from emgdeploy.nets.levels import Levels

    known = Levels.from_dict(checkpoint.training.get(placing.NOTE), checkpoint.preprocess)
    if known is None:
        return
    found = placing.find(known, _looked_at(choice, matched.dataset), matched.preprocess)
    for (subject, session), alignment in found.items():
        if not alignment.placement.is_none:
            gain = max(one.gain for one in alignment.arrays)
            console.warn(
                f"subject {subject} session {session}: the array seems to lie otherwise than in training "
                f"({alignment.placement}; {gain:.1f} nats a window likelier). `emgdeploy align` says more, "
                "--placement auto puts it right"
            )


def _array(matched: Matched, start: Checkpoint | None) -> tuple[int, int] | None:
    from emgdeploy.nets import placing
    from emgdeploy.nets.levels import Levels

    if start is not None:
        known = Levels.from_dict(start.training.get(placing.NOTE), start.preprocess)
        if known is not None:
            return known.array
    return matched.dataset.array if matched.dataset.grid == matched.preprocess.grid else None


def _looked_at(choice: DataChoice, dataset: Dataset) -> list[Recording]:
    """Training recordings of the sessions that have some, all of the others."""
    from emgdeploy.nets.evaluation import divided

    split = divided(choice, dataset)
    train = [dataset.recordings[i] for i in split.train]
    with_training = {recording.subject_session for recording in train}
    return train + [r for r in dataset.recordings if r.subject_session not in with_training]


def _of_first(choice: DataChoice, matched: Matched) -> Levels:
    """What the training side of the first session says."""
    from emgdeploy.nets.evaluation import divided
    from emgdeploy.nets.levels import Levels
    from emgdeploy.signals.images import labelled_windows

    dataset = matched.dataset
    train = [dataset.recordings[i] for i in divided(choice, dataset).train]
    first = min(recording.subject_session for recording in train)
    images = labelled_windows([r for r in train if r.subject_session == first], matched.preprocess)
    return Levels.of(
        images.features, images.y, len(dataset.labels), matched.preprocess, _array(matched, None)
    )
