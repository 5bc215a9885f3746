"""The published models on devices with taps: every layer asked for byte by byte, and damage in each layer found.

About half an hour, most of it QEMU. `make test-long-taps`; models and boards that have passed are not run again.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from emgdeploy import emulate
from emgdeploy.bench import expected, tapped, workload
from emgdeploy.bench.expected import Expected
from emgdeploy.boards import load_board
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.firmware import manifest as manifests
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.options import LinkOptions
from support.devices.poke import constants, poke
from support.long_runs.once import BENCH, once
from support.models.published import TFLITE

pytestmark = pytest.mark.long

_DEPENDS_ON = (
    *BENCH,
    "firmware_templates/runtime",
    "toolchain/emgdeploy/codegen",
    "toolchain/emgdeploy/firmware",
)


@pytest.mark.parametrize("board", ["native", "qemu-mps2-an386"])
@pytest.mark.parametrize("model", sorted(TFLITE))
def test_every_layer(model: str, board: str, shared: Path, tmp_path: Path) -> None:
    def run() -> str:
        folder = tmp_path / "build"
        build(BuildRequest(load_board(board), shared / TFLITE[model], folder, taps=True, latest=False))
        wanted = expected.of_window(folder, manifests.load(folder), window_of(folder))
        return f"{handed_out(folder, wanted)}; {damaged(folder, wanted, tmp_path / 'damaged')}"

    once(f"taps {model} on {board}", _DEPENDS_ON, run)


def window_of(folder: Path) -> NDArray[Any]:
    first: NDArray[Any] = workload.from_build(folder, manifests.load(folder)).x[0]
    return first


def handed_out(folder: Path, wanted: Expected) -> str:
    """Each layer's checksum and bytes are the reference's."""
    manifest = manifests.load(folder)
    window = window_of(folder).tobytes()
    with emulate.start(manifest, folder, load_board(manifest.board)) as running:
        client = DeviceClient(running.port, LinkOptions(connect_patience=20))
        assert client.connect().taps == len(wanted.outputs)
        assert tapped.first_difference(client, wanted, window) is None
        for index, output in enumerate(wanted.outputs):
            assert client.step_output(index, output.nbytes) == output.tobytes(), index
    count = sum(output.nbytes for output in wanted.outputs)
    return f"{len(wanted.outputs)} layers of {count:,} bytes in all as the reference has them"


def damaged(folder: Path, wanted: Expected, place: Path) -> str:
    """Sixteen bytes of a layer's largest array are changed, one layer at a time: no other layer is ever named."""
    manifest = manifests.load(folder)
    order = re.findall(r"&layer_(\d+)", (folder / "src" / "model.c").read_text())
    assert len(order) == len(manifest.layers)
    sizes = constants(folder / "firmware.elf")
    named = without_effect = 0
    for index, number in enumerate(order):
        own = {name: size for name, size in sizes.items() if re.fullmatch(rf"emg_[a-z]+_{number}", name)}
        if not own:
            continue
        largest = max(own, key=lambda name: own[name])
        shutil.copytree(folder, place)
        for at in range(0, own[largest], -(-own[largest] // 16)):
            poke(place / "firmware.elf", largest, at, 0x55)
        with emulate.start(manifests.load(place), place, load_board(manifest.board)) as running:
            client = DeviceClient(running.port, LinkOptions(connect_patience=20))
            found = tapped.first_difference(client, wanted, window_of(folder).tobytes())
        shutil.rmtree(place)
        assert found is None or found[0] == index, (largest, index, found)
        named += found is not None
        without_effect += found is None
    assert named > without_effect
    return (
        f"{named} of {named + without_effect} changed arrays named as their layer, the others changed no byte"
    )
