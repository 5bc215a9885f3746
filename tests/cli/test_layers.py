"""Where an option's value comes from."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from emgdeploy.cli.console import Console
from emgdeploy.cli.entry import parse
from emgdeploy.cli.options import positive_float, positive_int
from emgdeploy.cli.verbs import Verb
from emgdeploy.errors import InputError, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, default=1.5, help="default %(default)s")
    parser.add_argument("--count", type=positive_int)
    parser.add_argument("--mode", choices=("fast", "slow"), default="fast")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--mirror", action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument("--subjects", type=int, nargs="+", default=[1])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--board")
    which.add_argument("--build")


VERB = Verb("sample", "a verb for tests", add_arguments, lambda args, console: 0)


def resolved(*arguments: str, verb: Verb = VERB) -> argparse.Namespace:
    return parse(verb, arguments, Console())


def test_defaults_stand_where_nothing_else_does() -> None:
    args = resolved("--board", "x")
    assert (args.rate, args.mode, args.tune, args.subjects, args.count) == (1.5, "fast", False, [1], None)


def test_command_line_beats_environment_beats_config_beats_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "c.toml"
    config.write_text('rate = 2\nmode = "slow"\ntune = true\nboard = "from-file"\n')
    assert resolved("--config", str(config)).rate == 2.0
    monkeypatch.setenv("EMGDEPLOY_RATE", "3")
    args = resolved("--config", str(config))
    assert (args.rate, args.mode, args.tune, args.board) == (3.0, "slow", True, "from-file")
    assert resolved("--config", str(config), "--rate", "4").rate == 4.0


def test_the_config_itself_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "c.toml"
    config.write_text("rate = 2\n")
    monkeypatch.setenv("EMGDEPLOY_CONFIG", str(config))
    assert resolved("--board", "x").rate == 2.0


def test_a_typed_choice_silences_its_rival_in_other_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMGDEPLOY_BOARD", "a")
    args = resolved("--build", "folder")
    assert args.build == "folder" and args.board is None


def test_a_required_group_may_be_satisfied_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="one of the arguments --board --build is required"):
        resolved()
    monkeypatch.setenv("EMGDEPLOY_BOARD", "a")
    assert resolved().board == "a"


@pytest.mark.parametrize(("text", "value"), [("1", True), ("yes", True), ("False", False), ("0", False)])
def test_flags_in_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("EMGDEPLOY_TUNE", text)
    monkeypatch.setenv("EMGDEPLOY_MIRROR", text)
    args = resolved("--board", "x")
    assert (args.tune, args.mirror) == (value, value)


def test_lists_in_environment_and_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMGDEPLOY_SUBJECTS", "2,3")
    assert resolved("--board", "x").subjects == [2, 3]
    monkeypatch.delenv("EMGDEPLOY_SUBJECTS")
    config = tmp_path / "c.toml"
    config.write_text("subjects = [4, 5]\n")
    assert resolved("--board", "x", "--config", str(config)).subjects == [4, 5]


@pytest.mark.parametrize(
    ("variable", "text", "complaint"),
    [
        ("EMGDEPLOY_RATE", "quick", "EMGDEPLOY_RATE = 'quick' cannot be used"),
        ("EMGDEPLOY_COUNT", "0", '"0" is not a whole number of at least 1'),
        ("EMGDEPLOY_MODE", "odd", "EMGDEPLOY_MODE = 'odd'; allowed: fast, slow"),
        ("EMGDEPLOY_TUNE", "maybe", "EMGDEPLOY_TUNE must be true or false"),
    ],
)
def test_bad_environment_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, complaint: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(UsageError) as caught:
        resolved("--board", "x")
    assert complaint in caught.value.message


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('mode = "odd"', "mode = 'odd'; allowed: fast, slow"),
        ("rate = [1, 2]", "rate must be one value"),
        ("modee = 1", "no verb has an option modee"),
        ("rate = ", "not valid TOML"),
    ],
)
def test_a_bad_config_names_file_and_key(tmp_path: Path, text: str, complaint: str) -> None:
    config = tmp_path / "c.toml"
    config.write_text(text)
    with pytest.raises(InputError) as caught:
        resolved("--board", "x", "--config", str(config))
    assert complaint in caught.value.message and str(config) in caught.value.message


def test_a_verbs_own_table_wins_over_the_top_of_the_file(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text("rate = 2\n[sample]\nrate = 7\n[boards]\nname = 'native'\n")
    assert resolved("--board", "x", "--config", str(config)).rate == 7.0


def test_json_config_names_keys_without_a_meaning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"rate": 3e-4, "Epoch": 5, "T_max": 5}))
    assert resolved("--board", "x", "--config", str(config)).rate == 3e-4
    assert "Epoch, T_max" in capsys.readouterr().err


def test_a_verb_may_translate_anothers_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verb = Verb(
        "sample",
        "",
        add_arguments,
        VERB.run,
        lambda table: {k.replace("Epoch", "count"): v for k, v in table.items()},
    )
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"Epoch": 5}))
    assert resolved("--board", "x", "--config", str(config), verb=verb).count == 5
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "arguments", [["--nonsense"], ["--rate"], ["--rate", "x"], ["--mode", "odd"], ["--rat", "1"]]
)
def test_bad_command_lines_are_usage_errors(arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        resolved("--board", "x", *arguments)


def test_help_shows_the_real_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        resolved("--help")
    assert caught.value.code == 0
    assert "default 1.5" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "x"])
def test_positive_float_refuses(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        positive_float(text)
