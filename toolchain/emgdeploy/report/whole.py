"""The page itself: of one training, of an evaluation, or of all that a folder holds."""

from __future__ import annotations

from pathlib import Path

from emgdeploy import __version__
from emgdeploy.bench import elsewhere
from emgdeploy.bench import report as benches
from emgdeploy.files import write_atomic
from emgdeploy.pages.blocks import BAD, GOOD, WARN, Page, Section, Tile
from emgdeploy.pages.page import render
from emgdeploy.report import build, scores, training
from emgdeploy.report.found import Found, Json, as_written

FILE = "report.html"
_FOOT = f"emgdeploy {__version__}; all numbers are in the JSON files beside this page."


def write(found: Found, path: Path) -> None:
    """One page of everything that was found. Raises InputError for results that are not as they are written."""
    with as_written(str(found.where)):
        write_atomic(path, render(page(found)))


def write_training(folder: Path, metrics: Json, recordings: Json) -> None:
    """The page of a training, into its folder."""
    write(Found(folder, folder, metrics, recordings), folder / FILE)


def write_evaluation(path: Path, result: Json) -> None:
    """The page of `eval`."""
    said = f"{result['accuracy']:.1%} of {result['windows']:,} windows"
    sections = [
        scores.section(result, "eval"),
        *scores.sessions(result, "eval"),
        *scores.decisions(result, "eval"),
    ]
    mood = WARN if result["leaks"] or scores.doubtful(result) else GOOD
    lead = [f"{result['checkpoint']} on {result['dataset'] or 'a window file'}"]
    write_atomic(path, render(Page("eval", said, mood, lead, scores.tiles(result, "eval"), sections, _FOOT)))


def page(found: Found) -> Page:
    """The verdict first, then device, build, training."""
    tiles: list[Tile] = []
    sections: list[Section] = []
    if found.bench is not None and found.build is not None and found.manifest is not None:
        tiles += benches.tiles(found.bench)
        sections += benches.sections(found.bench, elsewhere.of_build(found.build, found.manifest))
    if found.metrics is not None:
        tiles += scores.tiles(found.metrics, "metrics")
        sections += training.sections(found.metrics, found.recordings)
    if found.manifest is not None:
        tiles += build.tiles(found.manifest)
        sections += build.sections(found.manifest, found.profile, found.arena)
        sections.append(build.provenance(found.manifest))
    return Page("report", _headline(found), mood(found), _lead(found), tiles, sections, _FOOT)


def mood(found: Found) -> str:
    """Good only if what was proven is good, and nothing is doubtful."""
    if found.bench is not None and benches.mood(found.bench) == BAD:
        return BAD
    doubtful = found.metrics is not None and (found.metrics["leaks"] or scores.doubtful(found.metrics))
    unproven = found.manifest is not None and (found.bench is None or not found.bench["complete"])
    return WARN if doubtful or unproven else GOOD


def _headline(found: Found) -> str:
    parts = []
    if found.bench is not None:
        parts.append(benches.headline(found.bench) + f" on {found.bench['board']}")
    elif found.manifest is not None:
        parts.append(f"built for {found.manifest.board}, not benched yet")
    if found.metrics is not None:
        parts.append(training.headline(found.metrics))
    return "; ".join(parts)


def _lead(found: Found) -> list[str]:
    lead = []
    if found.metrics is not None:
        lead.append(
            f"{found.metrics['model']} trained on {found.metrics['dataset']}, {len(found.metrics['labels'])} gestures"
        )
        if found.metrics["leaks"]:
            lead.append("Test trials were trained on too: these accuracies mean nothing for new recordings.")
        if scores.doubtful(found.metrics):
            lead.append("A linear classifier is better on the same windows: the network does not pay here.")
    elif found.manifest is not None:
        lead.append(
            f"No training of its model lies in or below {found.where}: accuracy is what the bench says."
        )
    if found.manifest is not None and found.bench is None:
        lead.append(f"To prove it: emgdeploy bench --build {found.build}")
    if found.manifest is not None and found.profile is None:
        lead.append(f"For cycles layer by layer: emgdeploy profile --build {found.build}")
    return lead
