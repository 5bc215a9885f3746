"""What is asked of a build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emgdeploy.boards import Board
from emgdeploy.codegen import CodegenOptions, GeneratedModel, naming
from emgdeploy.cores import Core
from emgdeploy.deploy.workload import Material
from emgdeploy.errors import UsageError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.firmware.nuttx import Tree
from emgdeploy.firmware.platform import OBJECTS, Platform
from emgdeploy.graph.types import Graph

Report = Callable[[str], None]
Fits = Callable[[GeneratedModel], bool]
Tuner = Callable[[Graph, CodegenOptions, Core, Fits], Mapping[int, str]]


@dataclass(frozen=True)
class LiveRequest:
    """recording: a file of samples to be compiled into the image, a source without a sensor."""

    recording: Path | None = None


@dataclass(frozen=True)
class BuildRequest:
    """What to build. given: windows, labels and the like; extra_flags: more for the C compiler.

    tree: NuttX or SDK to link the application in; autostart: it is then the first program.
    model: a file, or the folder of another build (see `like`).
    weights: "flash" leaves them where constants are, "ram" copies what gains most to RAM as far as it has room.
    tuner: chooses among the kernels that can compute an operator, see CodegenOptions.chosen; or chosen has
    what was chosen before. taps: the firmware hands out what each layer made (docs/protocol.md), with the
    same C for the model. adapt: "head" lets the last dense layer be replaced on the device. live: it samples and
    recognises by itself, too. name: the prefix of the generated C, see CodegenOptions. latest: what is asked for without --build is this one from now on.
    """

    board: Board
    model: Path
    out: Path
    optimize: str = "balanced"
    weights: str = "flash"
    given: Material = field(default_factory=Material)
    extra_flags: tuple[str, ...] = ()
    tree: Tree | None = None
    autostart: bool = False
    tuner: Tuner | None = None
    chosen: Mapping[int, str] | None = None
    taps: bool = False
    live: LiveRequest | None = None
    latest: bool = True
    adapt: str = "none"
    name: str = naming.USUAL

    @property
    def tuned(self) -> bool:
        """Whether its kernels were chosen by counting."""
        return self.tuner is not None or self.chosen is not None

    @property
    def system(self) -> str:
        """The operating system around the application: that of the tree, else upstream's."""
        return "nuttx" if self.tree is None else self.tree.kind


def like(folder: Path, made: Manifest, board: Board, out: Path) -> BuildRequest:
    """To build once more what lies in `folder`, with the same options."""
    chosen = made.chosen if board.name == made.board else None
    return BuildRequest(
        board, folder, out, made.optimize, made.weights, chosen=chosen, adapt=made.adapt.what, name=made.name
    )


def check(request: BuildRequest, platform: Platform) -> None:
    """Raise UsageError for options that make no sense on this platform."""
    _check_tree(request, platform)
    _check_weights(request, platform)
    naming.check(request.name)
    if request.live is not None and not platform.sensing:
        raise UsageError(
            f"--live is not there for {request.board.name} yet: its firmware has no source of samples",
            "take native or a board of QEMU's mps2, or compile live.c into your own program (docs/live.md)",
        )


def _check_tree(request: BuildRequest, platform: Platform) -> None:
    if platform.app is None and (request.tree is not None or request.autostart):
        raise UsageError(
            f"{request.board.name} needs no NuttX: --nuttx, --sdk and --autostart are for boards that run it",
            "leave them out",
        )
    if request.autostart and request.tree is None:
        raise UsageError(
            "--autostart configures an operating system, and there is none", "add --nuttx DIR or --sdk DIR"
        )


def _check_weights(request: BuildRequest, platform: Platform) -> None:
    if request.weights == "flash":
        return
    board = request.board
    if board.memories_for("constants")[0] == board.memories_for("data")[0]:
        raise UsageError(
            f"{board.name} runs from RAM, weights included: there is nothing for --weights ram to do",
            "leave it out, or say --weights flash",
        )
    if platform.image == OBJECTS:
        raise UsageError(
            f"what of the RAM of {board.name} is free is known to {board.platform} alone: --weights ram is for "
            "boards whose whole image is linked here",
            "leave it out, or say --weights flash",
        )
