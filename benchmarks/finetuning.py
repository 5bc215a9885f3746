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
from pathlib import Path
from typing import Any

from heldout import calibration_windows, closer_windows, int8, share, table

from emgdeploy.convert import source
from emgdeploy.convert.calibration import Settings
from emgdeploy.nets import experiment, finetune, results
from emgdeploy.nets.checkpoint import load_checkpoint
from emgdeploy.nets.experiment import Model, Task
from emgdeploy.nets.train import TrainSettings
from emgdeploy.signals import datasets
from emgdeploy.signals.choice import DataChoice

_ROOT = Path(__file__).parents[1]
_FIRST, _ANOTHER = DataChoice("flexemg"), DataChoice("flexemg", sessions=(3,))


def stages(folder: Path, seed: int, work: Path) -> Iterator[dict[str, Any]]:
    """The rows of one seed."""
    first, another = _FIRST.load(folder), _ANOTHER.load(folder)
    same = experiment.prepare(_FIRST, first, datasets.default_preprocess(first))
    base = experiment.run(same, Model(), TrainSettings(seed=seed))
    results.save(base, work / "base")
    yield {"seed": seed, "stage": "same session", **_reached(same, same, base.score.accuracy, work / "base")}
    start = load_checkpoint(work / "base/checkpoint.pt")
    for trials in (1, 3):
        task = experiment.prepare(
            _ANOTHER, another, finetune.preprocess_of(start, "base"), trials, refit=False
        )
        tuned = experiment.run(task, Model(start=start), TrainSettings(**finetune.USUAL, seed=seed))
        results.save(tuned, work / f"{trials}")
        if trials == 1:
            assert tuned.as_it_was is not None
            found = _reached(same, task, tuned.as_it_was.accuracy, work / "base")
            yield {"seed": seed, "stage": "session 3 as it is", **found}
        found = _reached(task, task, tuned.score.accuracy, work / f"{trials}")
        yield {"seed": seed, "stage": f"session 3 after {trials}", **found}


def _reached(trained_on: Task, tested_on: Task, accuracy: float, run: Path) -> dict[str, Any]:
    """float and int8: shares of the test windows that are right; keeps: on which int8 names float's class."""
    x, y = closer_windows(tested_on)
    origin = source.read(run / "checkpoint.pt")
    logits = origin.torch_logits(x)
    answers = int8(origin, x, calibration_windows(trained_on), Settings().method)
    return {
        "windows": accuracy,
        "float": share(logits, y),
        "int8": share(answers, y),
        "keeps": share(answers, logits.argmax(1)),
    }


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
    print(table(rows, {"seed": "seed", "stage": "stage"}, ("windows", "float", "int8", "keeps")))


if __name__ == "__main__":
    main()
