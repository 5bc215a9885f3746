"""Another day: networks of flexemg's session 1 on its session 3, as they are and after one and three trials of it.

    .venv/bin/python benchmarks/finetuning.py --shared FOLDER [--seeds N]

Every network is trained as the tool does by default. Accuracies are of the publisher's test folders: `windows` as
the tool cuts them; `float` and `int8` on windows sixteen times as close, 12,000 at most, where flips of single
windows weigh less. int8 is the reference interpreter's. A JSON line for each seed and stage, then the table as Markdown.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from heldout import closer_windows, int8, share

from emgdeploy.convert import source
from emgdeploy.convert.calibration import Settings, evenly
from emgdeploy.nets import experiment, finetune
from emgdeploy.nets.checkpoint import load_checkpoint
from emgdeploy.nets.experiment import Model, Task
from emgdeploy.nets.train import TrainSettings
from emgdeploy.signals import datasets
from emgdeploy.signals.choice import DataChoice

_ROOT = Path(__file__).parents[1]
_WINDOWS = 12_000
_FIRST, _ANOTHER = DataChoice("flexemg"), DataChoice("flexemg", sessions=(3,))
_TUNED = TrainSettings(epochs=finetune.EPOCHS, noise=finetune.NOISE, lost=finetune.LOST)


def stages(folder: Path, seed: int, work: Path) -> Iterator[dict[str, Any]]:
    """The rows of one seed."""
    first, another = _FIRST.load(folder), _ANOTHER.load(folder)
    same = experiment.prepare(_FIRST, first, datasets.default_preprocess(first))
    base = experiment.run(same, Model(), TrainSettings(seed=seed))
    experiment.save(base, work / "base")
    yield {"seed": seed, "stage": "same session", **_reached(same, same, base.score.accuracy, work / "base")}
    start = load_checkpoint(work / "base/checkpoint.pt")
    for trials in (1, 3):
        task = experiment.prepare(
            _ANOTHER, another, finetune.preprocess_of(start, "base"), trials, refit=False
        )
        tuned = experiment.run(task, Model(start=start), replace(_TUNED, seed=seed))
        experiment.save(tuned, work / f"{trials}")
        if trials == 1:
            assert tuned.as_it_was is not None
            found = _reached(same, task, tuned.as_it_was.accuracy, work / "base")
            yield {"seed": seed, "stage": "session 3 as it is", **found}
        found = _reached(task, task, tuned.score.accuracy, work / f"{trials}")
        yield {"seed": seed, "stage": f"session 3 after {trials}", **found}


def _reached(trained_on: Task, tested_on: Task, accuracy: float, run: Path) -> dict[str, Any]:
    """float and int8: shares of the test windows that are right; keeps: on which int8 names float's class."""
    x, y = closer_windows(tested_on, _WINDOWS)
    origin = source.read(run / "checkpoint.pt")
    logits = origin.torch_logits(x)
    calibration = evenly(experiment.calibration_windows(trained_on).x, Settings().size)
    answers = int8(origin, x, calibration, Settings().method)
    return {
        "windows": accuracy,
        "float": share(logits, y),
        "int8": share(answers, y),
        "keeps": share(answers, logits.argmax(1)),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown; accuracies in percent."""
    columns = ("windows", "float", "int8", "keeps")
    lines = [f"| seed | stage | {' | '.join(columns)} |", "|---" * 6 + "|"]
    for row in rows:
        shares = " | ".join(f"{100 * row[column]:.2f}" for column in columns)
        lines.append(f"| {row['seed']} | {row['stage']} | {shares} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--shared", type=Path, default=_ROOT.parent / "shared", help="where the recordings lie"
    )
    parser.add_argument("--seeds", type=int, default=5, help="seeds 1 to N (default 5)")
    options = parser.parse_args()
    rows = []
    for seed in range(1, options.seeds + 1):
        with tempfile.TemporaryDirectory() as work:
            for row in stages(options.shared / "data/flexemg", seed, Path(work)):
                rows.append(row)
                print(json.dumps(row), flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
