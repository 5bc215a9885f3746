"""Sections about recordings and the training on them."""

from __future__ import annotations

from emgdeploy.pages import draw, words
from emgdeploy.pages.blocks import BAD, WARN, Block, Cell, Fact, Facts, Grid, Grids, Note, Section
from emgdeploy.report import scores
from emgdeploy.report.found import Json

_MARKS = {"fail": "x", "warn": "!"}


def electrodes(recordings: Json) -> Section:
    """Which electrodes are strong in which gesture, and which of them are doubtful."""
    rows, columns = recordings["grid"]
    quality = recordings["quality"]
    same = list(quality["grid"]) == [rows, columns]
    marks = {tuple(c["place"]): c for c in quality["channels"] if c["findings"] and same}
    shown = [value for values in recordings["amplitude"].values() for value in values if value is not None]
    highest = max(shown, default=0.0) or 1.0
    maps = []
    for label, values in recordings["amplitude"].items():
        cells = [
            [
                _cell(values[r * columns + c], highest, marks.get((r, c)), recordings, (r, c))
                for c in range(columns)
            ]
            for r in range(rows)
        ]
        maps.append(Grid(label, cells))
    unit = recordings["unit"] or "the recordings' unit"
    said = (
        f"Mean amplitude of each electrode in the training windows of each gesture; the darkest is "
        f"{highest:.3g} {unit}. x: fails the check of channels, !: is doubtful."
    )
    return Section(
        "Electrodes, gesture by gesture", [Grids(maps), Note(said, "note"), *_findings(recordings)]
    )


def _cell(
    value: float | None, highest: float, fault: Json | None, recordings: Json, place: tuple[int, int]
) -> Cell:
    if value is None:
        return Cell(None)
    said = f"row {place[0]} column {place[1]}: {value:.3g} {recordings['unit']}"
    if fault is None:
        return Cell(value / highest, said)
    kinds = {finding["severity"] for finding in fault["findings"]}
    texts = "; ".join(finding["text"] for finding in fault["findings"])
    return Cell(value / highest, f"{said}; {texts}", _MARKS["fail" if "fail" in kinds else "warn"])


def _findings(recordings: Json) -> list[Block]:
    quality = recordings["quality"]
    found: list[Block] = [
        Note(f"All electrodes: {one['text']}.", BAD if one["severity"] == "fail" else WARN)
        for one in quality["findings"]
    ]
    for channel in quality["channels"]:
        texts = "; ".join(one["text"] for one in channel["findings"])
        if texts:
            row, column = channel["place"]
            found.append(
                Note(f"Column {channel['column']}, row {row} column {column} of the grid: {texts}.", WARN)
            )
    if not found:
        found.append(Note("The check of channels has nothing to say against any electrode."))
    return found


def curves(metrics: Json) -> list[Section]:
    """Loss and, where some trials were held out, accuracy over epochs."""
    losses, held_out = metrics["losses"], metrics["held_out_accuracy"]
    if len(losses) < 2:
        return []
    blocks: list[Block] = [draw.lines("loss over epochs", {"loss": losses}, "epoch", "loss")]
    if len(held_out) > 1:
        series = {"accuracy on trials held out": held_out}
        blocks.append(draw.lines("held-out accuracy over epochs", series, "epoch", "accuracy held out", 1.0))
    return [Section("Training", blocks)]


def sections(metrics: Json, recordings: Json | None) -> list[Section]:
    """All there is to say of a training."""
    return [
        scores.section(metrics, "metrics"),
        *scores.sessions(metrics, "metrics"),
        *([electrodes(recordings)] if recordings else []),
        *curves(metrics),
        Section("How it was trained", [_facts(metrics)], narrow=True),
    ]


def headline(metrics: Json) -> str:
    """What the network reaches, in a line."""
    seen = "of trials it was trained on" if metrics["leaks"] else "of trials it never saw"
    return f"right on {metrics['accuracy']:.1%} of {sum(map(sum, metrics['confusion'])):,} windows {seen}"


def _facts(metrics: Json) -> Facts:
    windows = metrics["windows"]
    rows = [
        Fact("data set", metrics["dataset"]),
        Fact("split", metrics["split"]),
        Fact("windows to train on", words.count(windows["train"], "metrics.windows.train")),
        Fact("windows to test on", words.count(windows["test"], "metrics.windows.test")),
        Fact("network", f"{metrics['model']}, width {metrics['model_width']:g}"),
        Fact("parameters", words.count(metrics["params"], "metrics.params")),
        Fact("MACs", words.count(metrics["macs"], "metrics.macs")),
        Fact("input", " x ".join(map(str, metrics["input_shape"]))),
        Fact("epochs", words.count(metrics["epochs"], "metrics.epochs")),
        Fact("folds", str(len(metrics["folds"]))),
        Fact(
            f"majority of {metrics['voted']['windows']}",
            words.percent(metrics["voted"]["accuracy"], "metrics.voted.accuracy"),
        ),
    ]
    if metrics["finetuned"]:
        was = metrics["finetuned"]["accuracy_as_it_was"]
        rows.append(Fact("before finetuning", words.percent(was, "metrics.finetuned.accuracy_as_it_was")))
    return Facts(rows)
