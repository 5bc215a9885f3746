"""A manifest comes from somebody's folder: each entry is checked before anything believes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emgdeploy.deploy.opened import open_model
from emgdeploy.deploy.workload import Material, prepare
from emgdeploy.errors import InputError
from emgdeploy.firmware import manifest

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tiny_build: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_build, tmp_path / "build"))


def _change(folder: Path, change: Change) -> None:
    path = folder / manifest.FILE
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))


def test_load_returns_what_save_wrote(folder: Path, tmp_path: Path) -> None:
    loaded = manifest.load(folder)
    manifest.save(loaded, tmp_path)
    assert manifest.load(tmp_path) == loaded
    again, first = (json.loads((place / manifest.FILE).read_text()) for place in (tmp_path, folder))
    first.pop("hashes", None)  # added by whatever puts the folder in place
    again.pop("hashes", None)
    assert list(again.items()) == list(first.items())


def test_a_network_is_remembered_by_name_and_by_builds_of_the_build(folder: Path, tmp_path: Path) -> None:
    _change(folder, lambda t: t.update(network="no_such_module:net"))
    assert manifest.load(folder).network == "no_such_module:net"
    work = prepare(open_model(folder, None), tmp_path / "again", Material(), lambda stage: None)
    assert work.network == "no_such_module:net"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.update(network=3), "network"),
        (lambda t: t.pop("board"), "board is missing"),
        (lambda t: t.update(board="evil\x1b[2J"), "a name of letters"),
        (lambda t: t.update(core="pdp-11"), "one of native, cortex-m0"),
        (lambda t: t.update(clock_hz=0), "clock_hz must be a whole number"),
        (lambda t: t.update(arena_bytes=-1), "arena_bytes"),
        (lambda t: t.update(arena_bytes=1 << 60), "arena_bytes"),
        (lambda t: t.update(macs=True), "macs"),
        (lambda t: t.update(model_sha256="0" * 63), "64 hexadecimal digits"),
        (lambda t: t.update(model_sha256="Z" * 64), "64 hexadecimal digits"),
        (lambda t: t["artifacts"].update(elf="../../bin/sh"), "inside the folder"),
        (lambda t: t["artifacts"].update(elf="/bin/sh"), "inside the folder"),
        (lambda t: t["artifacts"].update(elf="C:\\evil"), "inside the folder"),
        (lambda t: t.update(sources=["src/../../x.c"]), "inside the folder"),
        (lambda t: t["artifacts"].update(golden="x" * 256), "inside the folder"),
        (lambda t: t.update(sources=["src/" + "é" * 128 + ".c"]), "inside the folder"),
        (lambda t: t.update(hashes={"a/" * 600 + "x.c": "0" * 64}), "inside the folder"),
        (lambda t: t["input"].update(shape=[4, 6]), "window_shape"),
        (lambda t: t["input"].update(window_axes=[0, 0, 1]), "window_shape"),
        (lambda t: t["input"]["window_shape"].pop(), "window_shape"),
        (lambda t: t["input"].update(dtype="float128"), "one of int8"),
        (lambda t: t["input"].update(scale=float("nan")), "finite"),
        (lambda t: t["output"].update(labels=[1, 2, 3]), "texts"),
        (lambda t: t.update(calibration={"method": "minmax", "windows": -3, "simulated": False}), "windows"),
        (lambda t: t.update(layers="many"), "layers must be a list"),
        (lambda t: t.update(arena_peak_layer=2), "arena_peak_layer"),
        (lambda t: t.update(chosen={"9" * 5000: "conv"}), "operators by their index"),
        (lambda t: t.update(chosen={"-1": "conv"}), "operators by their index"),
        (lambda t: t.update(taps_of="no ID"), "16 hexadecimal digits"),
        (lambda t: t.update(schema="emgdeploy.build/9"), "this version reads emgdeploy.build/1"),
    ],
)
def test_a_broken_entry_is_named(folder: Path, change: Change, words: str) -> None:
    _change(folder, change)
    with pytest.raises(InputError) as caught:
        manifest.load(folder)
    assert words in caught.value.message


def test_what_older_versions_did_not_write_may_be_missing(folder: Path) -> None:
    for key in ("arena_peak_layer", "chosen", "model", "taps_of", "live_sources"):
        _change(folder, lambda table, key=key: table.pop(key))  # type: ignore[misc]
    loaded = manifest.load(folder)
    assert (loaded.arena_peak_layer, loaded.chosen, loaded.model, loaded.taps_of) == (None, None, "", None)


@pytest.mark.parametrize("text", ["", "[1]", "{", "null", '{"schema": 1}', "[" * 100_000])
def test_what_is_no_manifest_at_all(folder: Path, text: str) -> None:
    (folder / manifest.FILE).write_text(text)
    with pytest.raises(InputError):
        manifest.load(folder)


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no build"):
        manifest.load(tmp_path)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    (folder / "firmware.elf").unlink()
    (folder / "firmware.elf").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="leads out of the folder"):
        manifest.load(folder).artifact(folder, "elf")


def test_a_missing_artefact_is_named(folder: Path) -> None:
    (folder / "golden.npz").unlink()
    with pytest.raises(InputError, match=r"golden\.npz is missing"):
        manifest.load(folder).artifact(folder, "golden")
