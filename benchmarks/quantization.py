"""int8 against float: every network on every data set here, by each way to choose ranges, and trained for int8.

    .venv/bin/python benchmarks/quantization.py --shared FOLDER --out build/quantization [--only TEXT]

Networks are trained as the tool does by default, those of the ring by its recipe; whole trials are held out. int8
accuracy is the reference interpreter's, on at most 12,000 windows of them, spread evenly: where 15 % of the windows
change class, 3,000 leave half a point to chance. A row that is done stays in `--out` until the code or the case
changes, so that a run which was stopped goes on. The table is printed as Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from heldout import calibration_windows, closer_windows, int8, share, table

from emgdeploy.convert import methods, source
from emgdeploy.convert.calibration import Settings
from emgdeploy.nets import experiment, registry, results
from emgdeploy.nets import qat as aware
from emgdeploy.nets.experiment import Model, Task
from emgdeploy.nets.train import TrainSettings
from emgdeploy.signals import datasets
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.readers.options import ReadOptions

_ROOT = Path(__file__).parents[1]
_TRAINING = ("toolchain/emgdeploy/nets", "toolchain/emgdeploy/signals")
_ALL = (*_TRAINING, "toolchain/emgdeploy/convert", "benchmarks/quantization.py", "benchmarks/heldout.py")
_SHARES = (
    "float",
    *(f"{method}{what}" for method in methods.METHODS for what in ("", " keeps")),
    "qat",
    "agrees",
)


@dataclass(frozen=True)
class Case:
    """One row: a network trained on a data set."""

    choice: DataChoice
    network: str
    width: float | None = None
    settings: TrainSettings = field(default_factory=TrainSettings)

    @property
    def name(self) -> str:
        return f"{self.choice.dataset} {self.network} {self.model.width:g}"

    @property
    def model(self) -> Model:
        return Model(self.network, registry.usual_width(self.network) if self.width is None else self.width)


FLEXEMG = DataChoice("flexemg")
RING = DataChoice("ninapro-db5", (1,), reading=ReadOptions(rest=False))
SIMULATED = DataChoice("simulated")
_RECIPE = tomllib.loads((_ROOT / "models/recipes/ring.toml").read_text(encoding="utf-8"))
_RING = TrainSettings(**{name: value for name, value in _RECIPE.items() if name != "network"})
CASES = (
    Case(RING, "bandnet-small", settings=_RING),
    Case(RING, "m5", settings=_RING),
    Case(RING, "bandnet", settings=_RING),
    Case(RING, "effie", settings=_RING),
    Case(FLEXEMG, "mobilenetv2"),
    Case(SIMULATED, "mobilenetv2"),
    Case(FLEXEMG, "mobilenetv1"),
    Case(SIMULATED, "mobilenetv1"),
    Case(RING, "mobilenetv1", settings=_RING),
    Case(RING, "mobilenetv2", settings=_RING),
    Case(SIMULATED, "mobilenetv2", 0.4),
    Case(FLEXEMG, "mobilenetv2", 0.4),
)


def measured(case: Case, shared: Path, out: Path) -> dict[str, Any]:
    """The row of a case, from `out` where it is done; its networks too, where only the row is to be made anew."""
    folder = out / case.name.replace(" ", "-")
    trained, mark, file = _fingerprint(case, _TRAINING), _fingerprint(case, _ALL), folder / "row.json"
    if file.exists():
        row: dict[str, Any] = json.loads(file.read_text())
        if row["mark"] == mark:
            return row
    started = time.process_time()
    task = _task(case, shared)
    done = folder / "trained"
    if not done.exists() or done.read_text() != trained:
        outcome = experiment.run(task, case.model, case.settings)
        results.save(outcome, folder / "float")
        results.save(aware.quantize(outcome), folder / "qat")
        done.write_text(trained)
    row = {"mark": mark, "case": case.name, **_accuracies(task, folder)}
    row["seconds"] = time.process_time() - started
    file.write_text(json.dumps(row, indent=1))
    return row


def _task(case: Case, shared: Path) -> Task:
    folder = {"flexemg": shared / "data/flexemg", "ninapro-db5": shared / "data/ninapro_db5"}
    dataset = case.choice.load(folder.get(case.choice.dataset))
    return experiment.prepare(case.choice, dataset, datasets.default_preprocess(dataset))


def _accuracies(task: Task, folder: Path) -> dict[str, Any]:
    """Shares of the test windows: right by the float network, by int8 of it and of the one trained for int8;
    `... keeps`: on which int8 names the class of the float network; `agrees`: on which the network trained for
    int8, rounded in PyTorch, names the class of its int8 form."""
    x, y = closer_windows(task)
    calibration = calibration_windows(task)
    origin = source.read(folder / "float/checkpoint.pt")
    logits = origin.torch_logits(x)
    row: dict[str, Any] = {"windows": len(x), "float": share(logits, y)}
    for method in methods.METHODS:
        answers = int8(origin, x, calibration, method)
        row[method], row[f"{method} keeps"] = share(answers, y), share(answers, logits.argmax(1))
    learned = source.read(folder / "qat/checkpoint.pt")
    answers = int8(learned, x, calibration, Settings().method)
    assert learned.fake_quantized is not None
    rounded = learned.fake_quantized(x)
    agrees = float((rounded.argmax(1) == answers.argmax(1)).mean())
    return {**row, "qat_rounded": share(rounded, y), "qat": share(answers, y), "agrees": agrees}


def _fingerprint(case: Case, parts: Sequence[str]) -> str:
    """Of the case and all files below parts of the project."""
    digest = hashlib.sha256(json.dumps(asdict(case), default=str).encode())
    for part in parts:
        whole = _ROOT / part
        for path in sorted(whole.rglob("*.py")) if whole.is_dir() else [whole]:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--shared", type=Path, default=_ROOT.parent / "shared", help="where the recordings lie"
    )
    parser.add_argument("--out", type=Path, default=_ROOT / "build/quantization")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    options = parser.parse_args()
    rows = []
    for case in CASES:
        if options.only in case.name:
            rows.append(measured(case, options.shared, options.out))
            print(json.dumps(rows[-1]), flush=True)
    print(table(rows, {"case": "data, network, width", "windows": "windows"}, _SHARES))


if __name__ == "__main__":
    main()
