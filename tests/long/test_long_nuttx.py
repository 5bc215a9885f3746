"""The generated application in real trees: `make test-nuttx NUTTX_DIR=... [SPRESENSE_SDK=...]`.

NUTTX_DIR: NuttX sources with `apps` beside them; SPRESENSE_SDK: the Spresense SDK with its submodules.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nuttx_on_qemu import build as build_for_qemu
from nuttx_on_qemu import running

from emgdeploy.bench import divergence, workload
from emgdeploy.binary import mapfile
from emgdeploy.boards import load_board
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.firmware.app import task_stack_bytes
from emgdeploy.firmware.nuttx import Tree, find_nuttx, find_sdk
from emgdeploy.firmware.nuttx.tree import LEFT_OUT
from emgdeploy.firmware.nuttx.workspace import cache_folder
from emgdeploy.flash import identity
from emgdeploy.flash.shell import start_application
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.port import open_port
from support.commands.command import Cli
from support.models.layered_net import layered_tflite

pytestmark = pytest.mark.long

WINDOWS = 1000
FINDERS: dict[str, Callable[[Path], Tree]] = {"NUTTX_DIR": find_nuttx, "SPRESENSE_SDK": find_sdk}


def _tree(variable: str) -> tuple[str, Tree]:
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"no tree: {variable} is not set")
    return folder, FINDERS[variable](Path(folder))


def _content(tree: Tree) -> str:
    """A hash of every byte of the user's tree."""
    digest = hashlib.sha256()
    for root in tree.parts.values():
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
            for name in sorted(names):
                path = Path(folder, name)
                content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
                digest.update(str(path).encode() + b"\0" + content)
    return digest.hexdigest()


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 windows of the network's input: noise, smooth images, constants, both extremes."""
    from emgdeploy.deploy.probes import probes

    path = tmp_path_factory.mktemp("windows") / "windows.npz"
    np.savez_compressed(path, x=probes((8, 24, 1), np.dtype(np.int8), WINDOWS))
    return path


@pytest.fixture(scope="module")
def model(shared: Path) -> Path:
    """The published network of width 0.2: 0.8 million parameters."""
    return next((shared / "models" / "seed").glob("*808*.pt"))


@pytest.fixture(scope="module")
def plain(cli: Cli, model: Path, windows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build without any tree, although the variables that name them are set."""
    if not any(os.environ.get(variable) for variable in FINDERS):
        pytest.skip(f"no tree: {' and '.join(FINDERS)} are not set")
    out = tmp_path_factory.mktemp("plain") / "b"
    with pytest.MonkeyPatch.context() as environment:
        for variable in FINDERS:
            environment.delenv(variable, raising=False)
        cli("build", "--board", "spresense", "--model", model, "--windows", windows, "--out", out).succeeds()
    return out


def _sections(folder: Path, mark: str) -> dict[str, int]:
    kept = mapfile.contributions((folder / "firmware.map").read_text(errors="replace"))
    return mapfile.by_kind(kept, {item.object for item in kept if mark in item.object})


@pytest.mark.parametrize(
    ("variable", "option", "mark"),
    [("NUTTX_DIR", "--nuttx", ".external_"), ("SPRESENSE_SDK", "--sdk", ".emgapps.emg")],
)
def test_a_tree_takes_the_folder_as_it_is(
    variable: str, option: str, mark: str, cli: Cli, model: Path, windows: Path, plain: Path, tmp_path: Path
) -> None:
    folder, tree = _tree(variable)
    before = _content(tree)
    out = tmp_path / "b"
    done = cli(
        *("build", "--board", "spresense", "--model", model, "--windows", windows, option, folder),
        *("--out", out, "--json"),
        timeout=3600,
    )
    done.succeeds()
    assert _content(tree) == before
    assert (out / "nuttx.spk").read_bytes()[:4] == b"\xefMOD"
    newest = max(cache_folder().glob(f"{tree.kind}-nsh-*/build.log"), key=lambda path: path.stat().st_mtime)
    log = newest.read_text(errors="replace")
    assert [line for line in log.splitlines() if "warning:" in line and "jobserver" not in line] == []
    real, told = _sections(out, mark), _sections(plain, "src/")
    for section in ("text", "rodata", "data", "bss"):
        print(f"{option} {section}: {told[section]:,} bytes told, {real[section]:,} in the linker's map")
        assert abs(real[section] - told[section]) <= 0.02 * max(real[section], told[section])
    assert json.loads(done.out)["fits"] is True


def _bench(cli: Cli, plain: Path, port: str) -> None:
    done = cli("bench", "--build", plain, "--port", port, "--limit", WINDOWS, "--json", timeout=1800)
    done.succeeds()
    verdict = json.loads(done.out)
    print({key: verdict[key] for key in ("windows", "correct_bits", "wrong_bits", "unanswered", "retried")})
    assert (verdict["windows"], verdict["correct_bits"], verdict["wrong_bits"]) == (WINDOWS, WINDOWS, 0)


def _stack_used(port: str) -> int:
    opened = open_port(port)
    try:
        return DeviceClient(opened).ping().stack_used
    finally:
        opened.close()


@pytest.mark.parametrize("first_program", ["nsh_main", "emg_main"])
def test_the_same_folder_under_nuttx_on_an_emulated_core(first_program: str, cli: Cli, plain: Path) -> None:
    _, tree = _tree("NUTTX_DIR")
    image = build_for_qemu(tree, plain / "app", first_program)
    told = json.loads((plain / "manifest.json").read_text())["stack_bytes"]
    with running(image) as port:
        if first_program == "nsh_main":
            opened = open_port(port)
            assert start_application(opened, load_board("spresense"), patience=20)
            opened.close()
        _bench(cli, plain, port)
        used = _stack_used(port)
    print(f"{first_program}: {used} bytes of stack used, {told} by the application's own bound")
    assert told / 2 < used < task_stack_bytes(told) - 512


def test_taps_under_nuttx_name_the_layer_with_a_changed_weight(tmp_path: Path) -> None:
    """In the application's own copy of the C alone: the build folder, and what is expected, stay as they were."""
    _, tree = _tree("NUTTX_DIR")
    (tmp_path / "m.tflite").write_bytes(layered_tflite())
    request = BuildRequest(
        load_board("spresense"), tmp_path / "m.tflite", tmp_path / "b", taps=True, latest=False
    )
    manifest = build(request)
    source = request.out / "app" / "src" / "model.c"
    changed, count = re.subn(r"(stream_3\[\d+\] = \{\n\s+)-?\d+", r"\g<1>12345", source.read_text())
    assert count == 1
    source.write_text(changed)
    window = workload.from_build(request.out, manifest).x[0]
    with running(build_for_qemu(tree, request.out / "app", "emg_main")) as name:
        opened = open_port(name)
        client = DeviceClient(opened, check=lambda info: identity.check(info, manifest))
        assert client.connect().taps_of == manifest.taps_of
        found = divergence.first(request.out, manifest, window, client)
        opened.close()
    print(found)
    assert (found.layer, found.source) == ("point", divergence.DEVICE)


def test_the_cmake_build_takes_it_too(plain: Path, tmp_path: Path) -> None:
    """Needs kconfiglib, which NuttX's CMake build is configured with."""
    import shutil

    _, tree = _tree("NUTTX_DIR")
    if shutil.which("olddefconfig") is None or shutil.which("ninja") is None:
        pytest.skip("kconfiglib's olddefconfig or ninja is not installed")
    for name, source in tree.parts.items():
        shutil.copytree(source, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copytree(plain / "app", tmp_path / "apps" / "external")

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path / "nuttx", capture_output=True, text=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
        return done.stdout + done.stderr

    build = str(tmp_path / "build")
    run("cmake", "-B", build, "-DBOARD_CONFIG=spresense:nsh", "-GNinja")
    with (tmp_path / "build" / ".config").open("a") as config:
        config.write("CONFIG_EMG_APP=y\n")
    run("ninja", "-C", build, "olddefconfig")
    run("cmake", build)
    assert "warning:" not in run("ninja", "-C", build)
    assert b"emg_model_run" in (tmp_path / "build" / "nuttx").read_bytes()
    assert (tmp_path / "build" / "nuttx.spk").read_bytes()[:4] == b"\xefMOD"
