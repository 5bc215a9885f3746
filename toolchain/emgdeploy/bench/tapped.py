"""The layers of a device with taps: what each made of a window, asked of the device itself."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.bench.expected import Expected
from emgdeploy.boards import Board
from emgdeploy.errors import InputError, LinkError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.flash import identity
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.options import EMULATED


def first_difference(client: DeviceClient, expected: Expected, window: bytes) -> tuple[int, str] | None:
    """Index of the first layer whose output differs, and how; None when all are right.

    The checksums are of the inference that was just made. Raises LinkError's children, InputError.
    """
    steps = client.infer_tapped(window).steps
    if [step.size for step in steps] != [output.nbytes for output in expected.outputs]:
        raise InputError("the device has other layers than the build", "build, flash and bench again")
    for index, (step, wanted) in enumerate(zip(steps, expected.outputs, strict=True)):
        if step.crc != zlib.crc32(wanted.tobytes()):
            return index, _how(client, index, step.crc, wanted)
    return None


def _how(client: DeviceClient, index: int, crc: int, wanted: NDArray[Any]) -> str:
    """The name is known already: a link that breaks now spoils nothing."""
    try:
        found = client.step_output(index, wanted.nbytes)
    except LinkError:
        return "its values did not get through"
    if zlib.crc32(found) != crc:
        return "and it differs from run to run: suspect memory, supply or an interrupt"
    return difference(found, wanted)


def difference(found: bytes, wanted: NDArray[Any]) -> str:
    """How many values of a layer differ, and the first of them."""
    values = np.frombuffer(found, wanted.dtype.newbyteorder("<")).reshape(wanted.shape)
    differ = values != wanted
    place = tuple(int(i) for i in np.argwhere(differ)[0])
    return f"{int(differ.sum())} of {wanted.size} values differ, first {values[place]} for {wanted[place]} at {place}"


@contextmanager
def rebuilt(folder: Path, manifest: Manifest, board: Board) -> Iterator[tuple[DeviceClient, Manifest]]:
    """The same build with taps, made aside and started in the board's emulator.

    Raises what a build and an emulator raise.
    """
    from emgdeploy import emulate
    from emgdeploy.deploy.build import build
    from emgdeploy.deploy.request import like

    with TemporaryDirectory(prefix="emgdeploy-") as place:
        out = Path(place) / "taps"
        made = build(replace(like(folder, manifest, board, out), taps=True, latest=False))
        with emulate.start(made, out, board) as running:
            yield DeviceClient(running.port, EMULATED, lambda info: identity.check(info, made)), made
