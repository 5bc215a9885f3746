"""What `emgdeploy train` prints of a training, and of one that is only planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.nets.experiment import Model, Task

# So much less on old recordings is said as a warning.
_FORGOTTEN = 0.02


def dry_run(task: Task, model: Model, console: Console) -> int:
    """What training would cost."""
    from emgdeploy.nets.cost import cost
    from emgdeploy.nets.widths import published_widths

    found = cost(model.build(task), task.preprocess.input_shape)
    console.print(
        f"{model.name} width {model.width:g}: {found.params:,} parameters, {found.macs:,} MACs "
        f"of its convolutions and matrix products, recurrent and attention layers included "
        f"({found.published_macs:,} by the published count, which adds 4 per batch-norm output)"
    )
    widths = published_widths() if model.name == "mobilenetv2" else ()
    if widths:
        rows = [
            (f"{w.width:g}", f"{w.cost.params:,}", f"{w.cost.published_macs:,}", f"{w.cost.macs:,}")
            for w in widths
        ]
        console.table(
            ("width", "parameters", "MACs as published", "true MACs"), rows, "8 x 24 image, 8 classes"
        )
    console.result(
        {
            "published_widths": [{"width": w.width, **asdict(w.cost)} for w in widths],
            "params": found.params,
            "macs": found.macs,
            "published_macs": found.published_macs,
            "windows": {"train": len(task.train), "test": len(task.test)},
        }
    )
    return 0


def show(report: dict[str, Any], folder: Path, console: Console) -> None:
    """What was reached, and where it lies."""
    for number, fold in enumerate(report["folds"] if len(report["folds"]) > 1 else (), 1):
        console.print(f"fold {number}: accuracy {fold['accuracy']:.2%}")
    seen = "of trials the network was trained on" if report["leaks"] else "of trials the network never saw"
    windows = sum(map(sum, report["confusion"]))
    console.print(
        f"accuracy {report['accuracy']:.2%} and balanced accuracy {report['balanced_accuracy']:.2%} "
        f"on {windows:,} windows {seen} ({report['seconds_per_epoch']:.1f} s per epoch)",
        style="bold",
    )
    if report["finetuned"] is not None:
        console.print(f"{report['finetuned']['accuracy_as_it_was']:.2%} with the checkpoint as it was")
    if report["old_data"] is not None:
        show_old_data(report["old_data"], console)
    if report["qat"] is not None:
        console.print(f"{report['qat']['accuracy']:.2%} with the rounding of int8, with ranges learned")
    console.print(beside(report["baselines"]["lda"], report))
    show_sessions(report["by_session"], console)
    voted = report["voted"]
    console.print(f"{voted['accuracy']:.2%} by majority of {voted['windows']} windows")
    show_confusion(report, tuple(report["labels"]), console)
    console.print(
        f"{folder}: checkpoint.pt, calibration.npz, test.npz, training.csv, metrics.json, report.html"
    )


def show_old_data(old: Mapping[str, Any], console: Console) -> None:
    """What has become of what the checkpoint knew; a network trained on new recordings alone forgets the old ones."""
    said = f"on the checkpoint's own test windows: {old['accuracy']:.2%}, before {old['accuracy_before']:.2%}"
    if old["accuracy_before"] - old["accuracy"] > _FORGOTTEN:
        console.warn(f"{said}: it has forgotten what it knew; keep the checkpoint for those recordings")
    else:
        console.print(said)


def show_sessions(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Where several sessions are pooled, what each contributes."""
    if len(rows) < 2:
        return

    def reached(one: Mapping[str, Any] | None) -> str:
        if one is None:
            return "-"
        low, high = one["interval"]
        return f"{one['accuracy']:.2%} ({low:.1%} to {high:.1%})"

    console.table(
        ("subject", "session", "windows", "network", "LDA"),
        [(r["subject"], r["session"], f"{r['windows']:,}", reached(r), reached(r["lda"])) for r in rows],
    )


def beside(lda: Mapping[str, Any], reached: Mapping[str, Any]) -> str:
    """What a linear classifier reaches on the same windows, and whether the network pays."""
    kind = {"image": "the image's values", "hudgins": "Hudgins' features"}[lda["features"]]
    text = f"{lda['accuracy']:.2%} by LDA on {kind}, balanced {lda['balanced_accuracy']:.2%}"
    worse = lda["accuracy"] > reached["accuracy"] and lda["balanced_accuracy"] > reached["balanced_accuracy"]
    return text + (
        ": the network does not pay here (--network lda)" if worse and lda["features"] == "image" else ""
    )


def show_confusion(reached: Mapping[str, Any], labels: tuple[str, ...], console: Console) -> None:
    """The confusion matrix as a table: a row for each true class."""
    rows = [
        (name, *counts, "-" if recall is None else f"{recall:.1%}")
        for name, counts, recall in zip(labels, reached["confusion"], reached["recall"], strict=True)
    ]
    console.table(("true \\ predicted", *labels, "recall"), rows)
