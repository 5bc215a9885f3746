"""--view: the page of a live session."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.bench.recognise import Recognised
    from emgdeploy.bench.view.state import Scene
    from emgdeploy.firmware.manifest import Manifest
    from emgdeploy.signals import Preprocess
    from emgdeploy.signals.sources.source import Piece, Source


def scene(args: argparse.Namespace, manifest: Manifest, preprocess: Preprocess, names: list[str]) -> Scene:
    """What the page shows that does not change."""
    from emgdeploy.bench.view.state import Scene
    from emgdeploy.signals.recordings import MILLIVOLTS

    title = args.source or args.samples or f"{args.dataset}, recording {args.recording}"
    unit = str((manifest.acquisition or {}).get("unit", MILLIVOLTS))
    rate = preprocess.sample_rate_hz
    return Scene(
        *(title, manifest.board, preprocess.grid, preprocess.electrodes, rate, unit, tuple(names)),
        preprocess.stride_samples / rate,
    )


class Page:
    """Serves the page until it is closed. port: 0 for any that is free."""

    def __init__(self, scene: Scene, port: int, console: Console) -> None:
        from emgdeploy.bench.view.server import ViewServer
        from emgdeploy.bench.view.state import State

        self._state = State(scene)
        self._server = ViewServer(self._state, port)
        console.note(f"view: {self._server.address}")

    def watched(self, source: Source) -> Source:
        """The source, shown as its samples pass."""
        from emgdeploy.bench.view.watched import Watched

        return Watched(source, self._samples)

    def decided(self, window: Recognised) -> None:
        """A window was answered."""
        self._state.decided(window)
        self._tell()

    def close(self) -> None:
        """Say that it is over, and stop serving."""
        self._server.close()

    def _samples(self, piece: Piece) -> None:
        self._state.samples(piece)
        self._tell()

    def _tell(self) -> None:
        message = self._state.message(time.monotonic())
        if message is not None:
            self._server.publish(message)
