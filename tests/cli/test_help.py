"""Help keeps its word: an option that has a default shows it, and it is the true one."""

from __future__ import annotations

import argparse
from dataclasses import fields

import pytest

from emgdeploy.cli import verbs
from emgdeploy.cli.parser import Parser
from emgdeploy.nets import finetune
from emgdeploy.nets.train import TrainSettings
from emgdeploy.signals.simulated import Simulation

# Files, ports, folders and facts of one's own data: without them there is nothing, or what the help says in words.
_OF_ONES_OWN = {
    *(
        "--data",
        "--dataset",
        "--windows",
        "--samples",
        "--source",
        "--record",
        "--recording",
        "--port",
        "--build",
        "--board",
    ),
    *(
        "--out",
        "--preprocess",
        "--calibration",
        "--labels",
        "--network",
        "--checkpoint",
        "--compare",
        "--nuttx",
        "--sdk",
    ),
    *(
        "--live-recording",
        "--electrodes",
        "--rate",
        "--scale",
        "--grid",
        "--unit",
        "--pattern",
        "--label-column",
        "--columns",
    ),
    *(
        "--repetition-column",
        "--label-array",
        "--positions",
        "--forces",
        "--picture",
        "--disturb",
        "--decisions",
        "--send",
    ),
    *(
        "--view",
        "--link",
        "--inject",
        "--raise-baud",
        "--use",
        "--fault",
        "--address",
        "--storage",
        "--from",
        "--evidence",
    ),
}


def options(verb: str) -> list[argparse.Action]:
    parser = Parser(verb, "")
    verbs.load(verb).add_arguments(parser)
    return [action for action in parser._actions if action.option_strings and action.nargs != 0]


@pytest.mark.parametrize("verb", verbs.names())
def test_every_option_with_a_default_shows_it(verb: str) -> None:
    for action in options(verb):
        said, name = action.help or "", action.option_strings[0]
        if action.required or name in _OF_ONES_OWN:
            continue
        assert "default" in said, (verb, name, said)
        if action.default not in (None, "", [], [""]):
            shown = str(action.default).strip("[]")
            assert shown.split(".0")[0] in said or f"{action.default} (default" in said, (verb, name, said)


def test_the_defaults_of_training_are_those_that_are_used() -> None:
    help_of = {action.dest: action.help or "" for action in options("train")}
    for field in fields(TrainSettings):
        value = field.default
        if value is None:
            continue
        shown = " ".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"
        assert f"(default {shown}" in help_of[field.name], field.name
        if field.name in finetune.USUAL:
            assert f"with --finetune {finetune.USUAL[field.name]:g})" in help_of[field.name], field.name


def test_the_defaults_of_the_simulation_are_those_that_are_used() -> None:
    help_of = {action.dest: action.help or "" for action in options("train")}
    for name in ("subjects", "sessions", "repetitions", "seconds", "seed"):
        assert f"(default {getattr(Simulation(), name):g})" in help_of[f"sim_{name}"], name
