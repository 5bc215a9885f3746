"""emgdeploy.toml: options of a project, found upwards, below every other layer, and never another's."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from emgdeploy.cli import project
from emgdeploy.cli.console import Console
from emgdeploy.cli.entry import parse
from emgdeploy.cli.verbs import Verb
from emgdeploy.errors import InputError
from support.commands.command import Cli


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--trust-folder", action="store_true")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--board")
    which.add_argument("--windows", type=Path)


def resolved(*arguments: str) -> argparse.Namespace:
    return parse(Verb("sample", "", add_arguments, lambda args, console: 0), arguments, Console())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "p/deep/deeper").mkdir(parents=True)
    (tmp_path / "p").chmod(0o755)
    monkeypatch.chdir(tmp_path / "p/deep/deeper")
    return tmp_path / "p"


def write(folder: Path, text: str) -> Path:
    path = folder / project.FILE
    path.write_text(text)
    path.chmod(0o644)
    return path


def test_it_is_found_upwards_and_its_paths_are_its_own(folder: Path) -> None:
    write(folder, 'data = "recordings"\nepochs = 5\nboard = "spresense"\n')
    args = resolved()
    assert (args.data, args.epochs, args.board) == (folder / "recordings", 5, "spresense")
    (folder / "deep").chmod(0o755)
    write(folder / "deep", "epochs = 7\n")
    assert resolved("--board", "x").epochs == 7 and resolved("--board", "x").data is None


def test_every_other_layer_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, 'data = "recordings"\nepochs = 5\nboard = "spresense"\n')
    config = folder / "c.toml"
    config.write_text('epochs = 6\ndata = "elsewhere"\n')
    args = resolved("--config", str(config))
    assert (args.epochs, args.data, args.board) == (6, Path("elsewhere"), "spresense")
    monkeypatch.setenv("EMGDEPLOY_EPOCHS", "8")
    assert resolved("--config", str(config)).epochs == 8
    assert resolved("--epochs", "9").epochs == 9
    args = resolved("--windows", "w.npz")
    assert args.board is None and args.windows == Path("w.npz")


def test_what_others_can_write_is_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(folder, "epochs = 5\n")
    path.chmod(0o666)
    assert resolved("--board", "x").epochs == 1
    assert f"{path} is left alone" in capsys.readouterr().err
    path.chmod(0o644)
    folder.chmod(0o777)
    assert resolved("--board", "x").epochs == 1
    folder.chmod(0o755)
    assert resolved("--board", "x").epochs == 5


@pytest.mark.parametrize(
    "text", ["trust_folder = true", "[sample]\ntrust-folder = true", 'config = "c.toml"']
)
def test_what_no_file_may_say(folder: Path, text: str) -> None:
    write(folder, text)
    with pytest.raises(InputError, match="is not for a file to say"):
        resolved("--board", "x")


@pytest.mark.parametrize(
    "text", ["epochs = ", "epochs = [1, {}]", "epoks = 3", "a" * 100 + ".b" * 100 + " = 1"]
)
def test_a_damaged_one_is_a_sentence(folder: Path, text: str) -> None:
    write(folder, text)
    with pytest.raises(InputError, match=project.FILE):
        resolved("--board", "x")


def test_from_recordings_to_a_network_without_options(cli: Cli, tmp_path: Path) -> None:
    import numpy as np

    folder, rng = tmp_path / "lab", np.random.default_rng(0)
    folder.mkdir(mode=0o755)
    for label, strong in (("rest", 0), ("fist", 1), ("open", 2)):
        for repetition in range(1, 5):
            x = rng.normal(size=(600, 4)) * np.roll([8.0, 1, 1, 1], strong) * 0.02
            np.savetxt(folder / f"{label}-{repetition}.csv", x, delimiter=",", fmt="%.5f")
    cli("init", "--rate", "1000", "--unit", "mV", "--grid", "2x2", cwd=folder).succeeds()
    assert (folder / project.FILE).read_text() == project.text()
    (folder / "below").mkdir(mode=0o755)
    cli("check", cwd=folder).succeeds()
    cli("train", "--network", "lda", cwd=folder / "below").succeeds()
    assert (folder / "net/checkpoint.pt").is_file()
    cli("train", "--network", "lda", cwd=folder).succeeds()
    done = cli("eval", "--json", cwd=folder)
    done.succeeds()
    assert json.loads(done.out)["accuracy"] > 0.9
    cli("init", "--rate", "1000", "--unit", "mV", "--grid", "2x2", "--force", cwd=folder).succeeds()
    assert (folder / project.FILE).read_text() == project.text()
