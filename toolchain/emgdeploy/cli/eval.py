"""`emgdeploy eval`: how often a checkpoint is right on trials it has not seen."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.cli import dataoptions, decisionview, options, placements
from emgdeploy.cli.console import Console, jsonable
from emgdeploy.cli.trainreport import beside, show_confusion, show_sessions
from emgdeploy.errors import UsageError

if TYPE_CHECKING:
    from emgdeploy.nets.baseline import Baseline
    from emgdeploy.nets.checkpoint import Checkpoint
    from emgdeploy.nets.live import Live
    from emgdeploy.signals.choice import DataChoice
    from emgdeploy.signals.matching import Matched
    from emgdeploy.signals.windowfile import Windows

NAME = "eval"
HELP = "accuracy, balanced accuracy and confusion of a checkpoint on test trials or on a window file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The checkpoint, and the recordings or windows to test it on."""
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FILE", help="a .pt file")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", metavar="NAME", help=dataoptions.DATASETS)
    options.add_windows(source)
    dataoptions.add_data(parser)
    parser.add_argument(
        "--preprocess", type=Path, metavar="FILE.toml", help="for a checkpoint that brings none"
    )
    parser.add_argument(
        "--disturb",
        nargs="+",
        metavar="WHAT",
        help="also with disturbed electrodes: lost:16 and the like, or all; see docs/data.md",
    )
    parser.add_argument(
        "--disturb-seed",
        type=options.non_negative_int,
        default=1,
        metavar="N",
        help="which electrodes (default 1)",
    )
    dataoptions.add_placement(
        parser, "found for each session by its training side, or, without one, by all, never by labels"
    )
    dataoptions.add_array(parser)
    dataoptions.add_vote(parser)
    parser.add_argument(
        "--decisions",
        nargs="*",
        metavar="RULES",
        help="also what rules of decisions come to, each a .toml file or such as vote=5,confidence=0.7 (docs/live.md); "
        "without any, those of the checkpoint",
    )
    options.add_network(parser)
    options.add_out(parser, what="folder for eval.json and report.html")
    options.add_anonymous(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Test and print. Without other options the split is the one the checkpoint was trained with."""
    from emgdeploy.nets import evaluation
    from emgdeploy.nets.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(args.checkpoint, args.network)
    tested = _tested(args, checkpoint, console)
    labels = evaluation.label_names(checkpoint, tested.windows, str(args.windows or "the recordings"))
    by_vote = None
    if tested.live is None:
        reached = evaluation.evaluate(checkpoint.network, tested.windows, len(labels))
    else:
        reached, by_vote = tested.live.scores(checkpoint.network, args.vote)
    console.print(
        f"accuracy {reached.accuracy:.2%}, balanced accuracy {reached.balanced_accuracy:.2%} "
        f"on {len(tested.windows):,} windows",
        style="bold",
    )
    if by_vote is not None:
        console.print(f"{by_vote.accuracy:.2%} by majority of the last {args.vote} windows, as `run` votes")
    noted = _noted_lda(checkpoint, len(labels))
    lda, sessions = _baseline(checkpoint, tested, noted), _by_session(checkpoint, tested, noted)
    show_sessions(sessions, console)
    if lda is not None:
        console.print(beside(lda["lda"], asdict(reached)) + ", of the checkpoint's training windows")
    show_confusion(asdict(reached), labels, console)
    decided = _decided(args, checkpoint, tested, labels, console)
    disturbed = _disturbed(args, checkpoint, tested, len(labels), console)
    result = {
        "schema": "emgdeploy.eval/1",
        "checkpoint": args.checkpoint,
        "checkpoint_sha256": checkpoint.sha256,
        "dataset": args.dataset,
        "windows": len(tested.windows),
        "labels": labels,
        "leaks": tested.leaks,
        "trials": list(tested.trials),
        "resampled_from_hz": tested.resampled_from_hz,
        "accuracy": reached.accuracy,
        "balanced_accuracy": reached.balanced_accuracy,
        "recall": reached.recall,
        "confusion": reached.confusion,
        "voted": None if by_vote is None else {"windows": args.vote, "accuracy": by_vote.accuracy},
        "disturbed": disturbed,
        "decisions": decided,
        "baselines": lda,
        "by_session": sessions,
        "placement": tested.placements,
    }
    console.result(result)
    if args.out is not None:
        _write(args.out, result, args.anonymous, console)
    return 0


def _write(folder: Path, result: dict[str, Any], anonymous: bool, console: Console) -> None:
    from emgdeploy.nets.results import save_evaluation
    from emgdeploy.report import whole as page

    report = save_evaluation(folder, jsonable(result), anonymous)
    page.write_evaluation(folder / page.FILE, report)
    console.print(f"{folder}: eval.json, {page.FILE}")


def _baseline(checkpoint: Checkpoint, tested: _Tested, lda: Baseline | None) -> dict[str, Any] | None:
    """What the LDA of the checkpoint's training reaches on the same windows; None where it brings none."""
    from emgdeploy.nets import baseline
    from emgdeploy.nets.evaluation import classes_of

    preprocess, windows = checkpoint.preprocess, tested.windows
    if lda is None or preprocess is None:
        return None
    return baseline.report([lda.score(windows.x, classes_of(windows), preprocess)], lda)


def _by_session(checkpoint: Checkpoint, tested: _Tested, lda: Baseline | None) -> list[dict[str, Any]]:
    """Network and LDA on the windows of each subject's session; nothing for a window file."""
    from emgdeploy.nets import baseline

    live, preprocess = tested.live, checkpoint.preprocess
    if live is None:
        return []
    own = live.by_session(live.predicted(checkpoint.network))
    beside = None
    if lda is not None and preprocess is not None:
        beside = live.by_session(lda.classes(live.x, preprocess))
    return [
        {"subject": s, "session": n, **baseline.row(found, beside[s, n] if beside else None)}
        for (s, n), found in own.items()
    ]


def _noted_lda(checkpoint: Checkpoint, classes: int) -> Baseline | None:
    from math import prod

    from emgdeploy.nets import baseline

    notes = checkpoint.training.get("baselines")
    noted = notes.get(baseline.NAME) if isinstance(notes, dict) else None
    return baseline.Baseline.from_dict(noted, prod(checkpoint.input_shape), classes)


@dataclass(frozen=True)
class _Tested:
    """Windows to test on; live: the same with those in between; choice, matched: where they come from; trials:
    which recordings these are, nothing of these for a window file; placements: where arrays lay that were put right."""

    windows: Windows
    live: Live | None = None
    leaks: bool = False
    choice: DataChoice | None = None
    matched: Matched | None = None
    trials: tuple[dict[str, Any], ...] = ()
    placements: Sequence[Mapping[str, Any]] = ()

    @property
    def resampled_from_hz(self) -> float | None:
        """The recordings' own rate, where it is not the model's."""
        return None if self.matched is None else self.matched.dataset.resampled_from_hz


def _tested(args: argparse.Namespace, checkpoint: Checkpoint, console: Console) -> _Tested:
    from emgdeploy.nets import evaluation, results, seen
    from emgdeploy.nets.live import unlike_training
    from emgdeploy.signals import windowfile
    from emgdeploy.signals.leaks import listed
    from emgdeploy.signals.preprocess import load_preprocess

    if args.windows is not None:
        windows = windowfile.load(args.windows, checkpoint.input_shape)
        seen.refuse_windows(checkpoint, str(args.checkpoint), windows.x)
        if checkpoint.preprocess is not None and windows.x.dtype.kind == "f":
            doubt = unlike_training(windows.x, checkpoint.preprocess)
            if doubt is not None:
                console.warn(doubt)
        leaks = checkpoint.training.get("leaks") is True
        dataoptions.warn_of_leaking_training(leaks, console)
        return _Tested(windows.named_as(checkpoint.labels, str(args.windows)), leaks=leaks)
    choice = _choice(args, checkpoint)
    dataset = choice.load(args.data)
    dataoptions.say_reading(dataset, console)
    preprocess = None if args.preprocess is None else load_preprocess(args.preprocess)
    matched = evaluation.matched(checkpoint, preprocess, dataset)
    split = evaluation.divided(choice, dataset, args.split is not None or args.test_repetitions is not None)
    folds = len(choice.all_folds(dataset)) if split.train else 1
    recordings = [dataset.recordings[index] for index in split.test]
    if not split.leaks:
        seen.refuse_trials(checkpoint, str(args.checkpoint), recordings, dataset.electrodes)
    if args.placement == "none":
        placements.warn(choice, matched, checkpoint, console)
    placed, rows = placements.put_right(args, choice, matched, checkpoint, args.checkpoint, console)
    matched = replace(matched, dataset=placed)
    live = evaluation.test_side(choice, placed, matched.preprocess)
    fold = f" (fold {choice.fold + 1} of {folds})" if folds > 1 else ""
    what = f"test trials of the split {split.name}{fold}" if split.train else "every trial, all for the test"
    console.print(
        f"{dataset.name}: {what}, "
        + ", ".join(f"session {n}" for n in sorted({r.session for r in dataset.recordings}))
    )
    dataoptions.say_match(matched, console)
    if (doubt := live.unlike_training(matched.preprocess)) is not None:
        console.warn(doubt)
    dataoptions.warn_of_leak(split, console)
    console.print(f"trials: {listed([recording.title for recording in recordings])}")
    trials = tuple(map(results.trial, recordings))
    return _Tested(live.windows(), live, split.leaks, choice, matched, trials, rows)


def _decided(
    args: argparse.Namespace,
    checkpoint: Checkpoint,
    tested: _Tested,
    labels: Sequence[str],
    console: Console,
) -> list[dict[str, Any]]:
    """What each description of decisions comes to, printed and returned."""
    from emgdeploy.nets import decided, evaluation
    from emgdeploy.signals.decisions import Rules, read_rules

    if args.decisions is None:
        return []
    if tested.matched is None or tested.choice is None or tested.leaks:
        raise UsageError(
            "--decisions follows whole recordings, from their first sample to their last",
            "give --dataset with a split that divides recordings",
        )
    own = Rules.from_dict(checkpoint.training.get("decisions", {}), f"{args.checkpoint}: decisions")
    wanted = {text: read_rules(text) for text in args.decisions} or {"of the checkpoint": own}
    dataset, preprocess = tested.matched.dataset, tested.matched.preprocess
    recordings = [dataset.recordings[index] for index in evaluation.divided(tested.choice, dataset).test]
    runs = decided.runs(checkpoint.network, recordings, preprocess)
    found = []
    for name, rules in wanted.items():
        report = decided.tally(rules, runs, preprocess.sample_rate_hz, labels).report(
            preprocess.sample_rate_hz
        )
        found.append({"name": name, "rules": rules.to_dict(), **report})
    decisionview.show(found, console)
    return found


def _disturbed(
    args: argparse.Namespace, checkpoint: Checkpoint, tested: _Tested, classes: int, console: Console
) -> dict[str, float]:
    """Accuracy under each disturbance, printed and returned."""
    from emgdeploy.nets import evaluation
    from emgdeploy.signals import corruptions as disturb

    if args.disturb is None:
        return {}
    if tested.matched is None or tested.choice is None:
        raise UsageError("--disturb disturbs recordings, not windows", "give --dataset in place of --windows")
    reached = {}
    for one in disturb.parse(args.disturb):
        changed = one.of(tested.matched.dataset, args.disturb_seed)
        live = evaluation.test_side(tested.choice, changed, tested.matched.preprocess)
        reached[str(one)] = evaluation.evaluate(checkpoint.network, live.windows(), classes).accuracy
    console.table(("disturbance", "accuracy"), [(name, f"{value:.2%}") for name, value in reached.items()])
    return reached


def _choice(args: argparse.Namespace, checkpoint: Checkpoint) -> DataChoice:
    from emgdeploy.signals.choice import DataChoice

    trained_on = checkpoint.training.get("data")
    base = DataChoice(args.dataset)
    if trained_on is not None:
        noted = DataChoice.from_dict(trained_on, str(args.checkpoint))
        base = noted if noted.dataset == args.dataset else base
    return dataoptions.choice(args, base)
