"""`emgdeploy sweep` from the command line, on a few easy recordings."""

from __future__ import annotations

import json
from pathlib import Path

from support.commands.command import Cli

BOARD = "qemu-mps2-an386"
KEYS = {"id", "network", "settings", "cycles", "latency_ms", "ram_bytes", "flash_bytes", "accuracy_int8"}


def test_a_sweep_ends_in_a_checkpoint_that_costs_what_was_predicted(tmp_path: Path, warm_cli: Cli) -> None:
    (tmp_path / "own.py").write_text(
        "from support.inputs.toy_dataset import toy_dataset\ndef read(folder):\n    return toy_dataset(trials=6)\n"
    )
    networks = ("--network", "mlp", "--network", "gridnet")
    words = ("sweep", "--board", BOARD, "--dataset", "own:read", "--by", "2", *networks)
    done = warm_cli(*words, "--trials", "2", "--json", cwd=tmp_path)
    done.succeeds()
    found = json.loads((tmp_path / "sweep" / "sweep.json").read_text())
    assert found["schema"] == "emgdeploy.sweep/1" and json.loads(done.out)["front"] == found["front"]
    assert {row["network"] for row in found["trials"]} == {"mlp", "gridnet"}
    for row in found["trials"]:
        assert row.keys() >= KEYS and row["state"] == "finished" and len(row["folds"]) == 2
    chosen = {tuple(trial.values()) for trial in found["chosen_on"]}
    assert chosen and chosen.isdisjoint(tuple(trial.values()) for trial in found["reported_on"])
    assert found["verdict"] in (tmp_path / "sweep" / "sweep.html").read_text()
    (row,) = [row for row in found["trials"] if row["id"] in found["front_learned"]]
    built = warm_cli(*row["build_command"].split()[1:], "--out", "build", "--json", cwd=tmp_path)
    built.succeeds()
    made = json.loads(built.out)
    number = list(dict.fromkeys([*found["front"], *found["front_learned"]])).index(row["id"]) + 1
    picked = warm_cli("sweep", "--pick", number, "--json", cwd=tmp_path)
    picked.succeeds()
    assert json.loads(picked.out)["build"] == row["build_command"].split()[1:]
    warm_cli("sweep", "--pick", 9, cwd=tmp_path).fails(2, "networks")
    assert (made["ram_bytes"], made["flash_bytes"]) == (row["ram_bytes"], row["flash_bytes"])
    profiled = warm_cli("profile", "--build", "build", "--json", cwd=tmp_path)
    profiled.succeeds()
    # Trained weights take another way through the rounding of a few outputs than untrained ones.
    assert abs(json.loads(profiled.out)["cycles"] / row["cycles"] - 1) < 0.02


def test_a_way_to_fold_that_there_is_not(tmp_path: Path, cli: Cli) -> None:
    done = cli("sweep", "--board", "native", "--dataset", "simulated", "--by", "weather", "--study", tmp_path)
    done.fails(2, "--by weather is no way to fold")


def test_an_answer_that_is_none(tmp_path: Path, cli: Cli) -> None:
    cli("sweep", "--study", tmp_path, "--pick", 1).fails(3, "holds no answer")
    for text in (
        "[]",
        "{}",
        '{"board": "native", "trials": [{"id": "a", "checkpoint": null}], "front": ["a"]}',
    ):
        (tmp_path / "sweep.json").write_text(text)
        cli("sweep", "--study", tmp_path, "--pick", 1).fails(3, "sweep.json")
    cli("sweep", "--study", tmp_path).fails(2, "sweep needs --board")
    cli("sweep", "--build").fails(2, "none is picked")
