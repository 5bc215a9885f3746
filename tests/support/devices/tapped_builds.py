"""Builds with taps of networks made for it, and what their devices say of a few windows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emgdeploy import emulate
from emgdeploy.bench import divergence, workload
from emgdeploy.bench.divergence import Divergence
from emgdeploy.boards import load_board
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.firmware import manifest as manifests
from emgdeploy.flash import identity
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.proxy import FaultPlan, FaultyPort
from support.devices.wire_device import Device
from support.models.layered_net import layered_tflite
from support.models.sparse_net import SparseNet

WINDOWS = 3


@dataclass(frozen=True)
class Home:
    """Where they lie; each is made once."""

    folder: Path

    def build(self, board: str, model: str = "layered", taps: bool = True) -> Path:
        """model: "layered" (support/layered_net.py), or "sparse", of which channels are left out."""
        out = self.folder / f"{model}-{board}{'-taps' if taps else ''}"
        if not out.exists():
            file = self.folder / f"{model}.tflite"
            file.write_bytes(layered_tflite() if model == "layered" else SparseNet(bias=0).tflite())
            build(BuildRequest(load_board(board), file, out, taps=taps, latest=False))
        return out


def emulated(folder: Path) -> list[Divergence]:
    """What the device of a build says of each of some windows."""
    manifest = manifests.load(folder)
    with emulate.start(manifest, folder, load_board(manifest.board)) as running:
        options = LinkOptions(connect_patience=20)
        client = DeviceClient(running.port, options, lambda info: identity.check(info, manifest))
        client.connect()
        x = workload.from_build(folder, manifest).x[:WINDOWS]
        return [divergence.first(folder, manifest, window, client) for window in x]


def behind_a_cable(folder: Path, plan: FaultPlan) -> tuple[list[Divergence], int]:
    """The same of a native build, over a line on which things go wrong, and how often a frame went again."""
    manifest = manifests.load(folder)
    with Device(manifest.artifact(folder, "elf")) as device:
        port = FaultyPort(device.port, plan, device.waiting, device.speed, device.reset)
        client = DeviceClient(port)
        client.connect()
        x = workload.from_build(folder, manifest).x[:WINDOWS]
        found = [divergence.first(folder, manifest, window, client) for window in x]
        return found, client.stats.retried
