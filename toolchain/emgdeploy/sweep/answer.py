"""What a sweep found: the candidates that no other beats in accuracy and cycles, tested once on trials that no
decision has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy.files import write_atomic
from emgdeploy.nets import results
from emgdeploy.nets.metrics import Score
from emgdeploy.sweep import folds
from emgdeploy.sweep.cost import Limits
from emgdeploy.sweep.electrodes import Curve
from emgdeploy.sweep.folds import Material
from emgdeploy.sweep.space import CLASSICAL
from emgdeploy.sweep.trials import FINISHED, Trial

SCHEMA = "emgdeploy.sweep/1"
FILE, PAGE = "sweep.json", "sweep.html"


@dataclass(frozen=True)
class Final:
    """A candidate of the front, trained on the whole training side and tested in int8 on the test trials.

    lda: of the same windows. checkpoint: below the study's folder.
    """

    score: Score
    lda: Score
    checkpoint: str


def front(trials: Sequence[Trial]) -> list[Trial]:
    """Those that no other beats: none is as accurate for fewer cycles, or more accurate for as many."""
    finished = [trial for trial in trials if trial.state == FINISHED]
    return sorted(
        (trial for trial in finished if not any(_beats(other, trial) for other in finished)), key=_effort
    )


def learned(trials: Sequence[Trial]) -> list[Trial]:
    """Those whose features are learned; LDA and MLP classify given ones."""
    return [trial for trial in trials if trial.candidate.network not in CLASSICAL]


def _effort(trial: Trial) -> int:
    return trial.cost.cycles or trial.cost.instructions or trial.cost.macs


def _beats(one: Trial, other: Trial) -> bool:
    mine, its = (one.accuracy or 0.0, -_effort(one)), (other.accuracy or 0.0, -_effort(other))
    as_good = mine[0] >= its[0] and mine[1] >= its[1]
    # Of two that are equal in both, one stands for both.
    return as_good and (mine != its or one.candidate.key < other.candidate.key)


def finals(best: Sequence[Trial], material: Material, study: Path) -> dict[str, Final]:
    """By key: what the front reaches on the outer split, and its checkpoints in the study's folder."""
    found = {}
    for trial in best:
        outcome = folds.trained(trial.candidate, material, material.outer)
        place = Path("front") / trial.candidate.key
        results.save(outcome, study / place)
        lda = folds.lda_score(outcome)
        found[trial.candidate.key] = Final(
            folds.int8_score(outcome), lda, (place / "checkpoint.pt").as_posix()
        )
    return found


def table(
    board: str,
    limits: Limits,
    trials: Sequence[Trial],
    found: dict[str, Final],
    material: Material,
    study: Path,
    enough: Curve,
) -> dict[str, Any]:
    """What `sweep.json` holds. study: its folder. enough: how many electrodes are. Latency, RAM and flash are those of the whole image, accuracies are int8's."""
    best, best_learned = front(trials), front(learned(trials))
    rows = [_row(board, trial, found.get(trial.candidate.key), study) for trial in trials]
    lda = next(iter(found.values())).lda if found else None
    return {
        "schema": SCHEMA,
        "board": board,
        "limits": {
            "latency_ms": limits.latency_ms,
            "ram_bytes": limits.ram_bytes,
            "flash_bytes": limits.flash_bytes,
        },
        "dataset": material.dataset.name,
        "split": material.outer.name,
        "chosen_on": _trials_of(material, material.outer.train),
        "reported_on": _trials_of(material, material.outer.test),
        "folds": len(material.inner),
        "trials": rows,
        "front": [trial.candidate.key for trial in best],
        "front_learned": [trial.candidate.key for trial in best_learned],
        "baseline_lda": None if lda is None else folds.as_dict(lda),
        "electrodes": enough.to_dict(),
        "verdict": verdict([*best, *best_learned], found),
    }


def verdict(best: Sequence[Trial], found: dict[str, Final]) -> str:
    """The first sentence of the answer: whether a network of learned features pays at all."""
    tested = [(found[trial.candidate.key], trial) for trial in best if trial.candidate.key in found]
    if not tested:
        return "No candidate fits the limits."
    lda = tested[0][0].lda.accuracy
    pairs = [(final, trial) for final, trial in tested if trial.candidate.network not in CLASSICAL]
    if not pairs:
        return f"No network of learned features was tried; an LDA reaches {lda:.1%} on unseen trials."
    final, trial = max(pairs, key=lambda pair: (pair[0].score.accuracy, -_effort(pair[1])))
    name = f"{trial.candidate.network} at {_effort(trial):,} cycles"
    if lda >= final.score.accuracy:
        return (
            f"An LDA is as good as any network here: it reaches {lda:.1%} on unseen trials, "
            f"{name} {final.score.accuracy:.1%}."
        )
    return f"{name} reaches {final.score.accuracy:.1%} on unseen trials in int8, an LDA {lda:.1%}."


def _row(board: str, trial: Trial, final: Final | None, study: Path) -> dict[str, Any]:
    cost, candidate = trial.cost, trial.candidate
    checkpoint = None if final is None else final.checkpoint
    return {
        "id": candidate.key,
        "network": candidate.network,
        "settings": {key: value for key, value in candidate.to_dict().items() if key != "network"},
        "macs": cost.macs,
        "params": cost.params,
        "instructions": cost.instructions,
        "cycles": cost.cycles,
        "latency_ms": cost.latency_ms,
        "ram_bytes": cost.ram_bytes,
        "flash_bytes": cost.flash_bytes,
        "accuracy_int8": trial.accuracy,
        "spread": trial.spread,
        "lda_accuracy": trial.lda,
        "folds": [dict(fold) for fold in trial.folds],
        "state": trial.state,
        "why": trial.why,
        "test": None if final is None else folds.as_dict(final.score),
        "checkpoint": checkpoint,
        "build_command": None
        if checkpoint is None
        else f"emgdeploy build --board {board} --model {study / checkpoint}",
    }


def _trials_of(material: Material, indices: Sequence[int]) -> list[dict[str, Any]]:
    chosen = [material.dataset.recordings[index] for index in indices]
    return [{"subject": r.subject, "session": r.session, "trial": r.trial, "part": r.part} for r in chosen]


def save(answer: dict[str, Any], study: Path) -> None:
    """sweep.json and sweep.html."""
    import json

    from emgdeploy.sweep import page

    write_atomic(study / PAGE, page.render(answer))
    write_atomic(study / FILE, json.dumps(answer, indent=2, allow_nan=False) + "\n")
