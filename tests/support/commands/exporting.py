"""Exporting a build, and an export compiled and answering on a pty."""

from __future__ import annotations

import os
import subprocess
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emgdeploy.boards import load_board
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.deploy.workload import Material
from emgdeploy.firmware import manifest as manifests
from emgdeploy.firmware.exports import Exported, ExportRequest, export
from emgdeploy.signals import Preprocess


@pytest.fixture(scope="session")
def spresense_build(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build with preprocessing, for a board that runs NuttX and has an Arduino core."""
    home = tmp_path_factory.mktemp("spresense")
    before = Path.cwd()
    os.chdir(home)  # where the most recent build is remembered
    try:
        description = Preprocess(1000.0, (4, 6), tuple(range(24)), 40.0, 10.0).to_dict()
        given = Material(preprocess=description)
        build(BuildRequest(load_board("spresense"), tiny_model, home / "b", given=given))
    finally:
        os.chdir(before)
    return home / "b"


def request(folder: Path, kind: str, out: Path, memory_kb: int | None = None) -> ExportRequest:
    """To export the build in `folder` to `out`."""
    manifest = manifests.load(folder)
    return ExportRequest(folder, manifest, load_board(manifest.board), kind, out, memory_kb)


def exported(folder: Path, kind: str, out: Path) -> Exported:
    """The build in `folder`, exported to `out`."""
    return export(request(folder, kind, out))


@contextmanager
def on_a_pty(program: Path) -> Iterator[str]:
    """`PROGRAM FD` with the master side of a pty; gives the other side's name."""
    master, slave = os.openpty()
    tty.setraw(slave)
    process = subprocess.Popen([program, str(master)], pass_fds=(master,))
    try:
        yield os.ttyname(slave)
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
