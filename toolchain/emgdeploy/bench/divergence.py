"""When an answer is wrong: which layer differs first, and who says so?

A device with taps is asked itself. For a board that runs in an emulator the same build is made with taps
and asked. Else the C runs on this machine, which tells what is wrong in it, but not what is wrong on a board.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.bench import expected, tapped
from emgdeploy.bench import host_run as here
from emgdeploy.bench.expected import Expected
from emgdeploy.boards import load_board
from emgdeploy.errors import EmgDeployError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.client import DeviceClient
from emgdeploy.text import printable

DEVICE, EMULATOR, HERE = "device", "emulator", "this machine"
_SUSPECTS = "suspect the device's compiler, memory or firmware"


@dataclass(frozen=True)
class Divergence:
    """layer: the first that differs, or None; note: what that means, as a sentence; source: who said so."""

    layer: str | None
    note: str
    source: str | None = None


def first(
    folder: Path, manifest: Manifest, window: NDArray[Any], client: DeviceClient | None = None
) -> Divergence:
    """Look for the layer that differs on `window`, (*device shape) of the input's dtype.

    client: the device that answered it wrong. Never raises: the bench has its verdict already.
    """
    try:
        wanted = expected.of_window(folder, manifest, window)
        if client is not None and client.info is not None and client.info.taps:
            return _on_device(client, wanted, window)
        aside = _aside(folder, manifest, wanted, window)
        return aside if aside is not None else _here(folder, manifest, wanted, window, client)
    except Exception as error:  # whatever is wrong with the search, the verdict stands
        return Divergence(None, f"the layer could not be looked for: {_shown(error)}")


def _shown(error: Exception) -> str:
    hint = f" ({error.hint})" if isinstance(error, EmgDeployError) and error.hint else ""
    return printable(f"{error}{hint}")[:200]


def _named(wanted: Expected, index: int, note: str, source: str) -> Divergence:
    layer = wanted.layers[index]
    return Divergence(printable(layer.name), f"layer {index}, {layer.op}, {note}", source)


def _bytes(window: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(window, window.dtype.newbyteorder("<")).tobytes()


def _on_device(client: DeviceClient, wanted: Expected, window: NDArray[Any]) -> Divergence:
    found = tapped.first_difference(client, wanted, _bytes(window))
    if found is None:
        note = "asked again, the device makes every layer right: its faults come and go, or follow the last layer"
        return Divergence(None, note, DEVICE)
    return _named(wanted, found[0], f"on the device itself: {found[1]}", DEVICE)


def _aside(folder: Path, manifest: Manifest, wanted: Expected, window: NDArray[Any]) -> Divergence | None:
    """The same build with taps in the board's emulator; None where there is none or it does not work."""
    board = load_board(manifest.board)
    if board.emulator is None:
        return None
    try:
        with tapped.rebuilt(folder, manifest, board) as (client, made):
            found = tapped.first_difference(client, wanted, _bytes(window))
    except EmgDeployError:
        return None
    same = "the same build" if made.taps_of == manifest.firmware_build_id else "a new build"
    where = f"{same} with taps on {board.name}"
    if found is None:
        return Divergence(
            None, f"{where} makes every layer right: suspect the image or memory that ran", EMULATOR
        )
    return _named(wanted, found[0], f"in {where}: {found[1]}", EMULATOR)


def _here(
    folder: Path, manifest: Manifest, wanted: Expected, window: NDArray[Any], client: DeviceClient | None
) -> Divergence:
    made = here.outputs(wanted.model, _bytes(window))
    for index, (data, right) in enumerate(zip(made, wanted.outputs, strict=True)):
        if data != right.tobytes():
            how = tapped.difference(data, right)
            return _named(wanted, index, f"the generated C differs on this machine too: {how}", HERE)
    note = f"the same C is right on this machine: {_SUSPECTS}"
    if client is not None:
        note += f"; the device tells its layer with `{_command(folder, manifest, client.port.name)}`"
    return Divergence(None, note, HERE)


def _command(folder: Path, manifest: Manifest, port: str) -> str:
    """What builds the same with taps, flashes it and asks it."""
    names = (folder, f"{folder}-taps", port, manifest.board)
    build, out, line, board = (shlex.quote(str(name)) for name in names)
    return (
        f"emgdeploy build --board {board} --model {build} --taps --out {out} && "
        f"emgdeploy flash --build {out} --port {line} && emgdeploy bench --build {out} --port {line}"
    )
