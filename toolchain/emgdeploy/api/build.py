"""A build folder as a value."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from emgdeploy.boards import Board, load_board
from emgdeploy.convert import golden as goldens
from emgdeploy.convert.golden import Golden
from emgdeploy.firmware import builds
from emgdeploy.firmware.manifest import Manifest


@dataclass(frozen=True)
class Build:
    """What `emgdeploy build` made in `folder`."""

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: str | Path | None = None) -> Build:
        """The build in a folder, by default the most recent one.

        Raises:
            InputError: for a folder that holds no sound build. UsageError: when there is none yet.
        """
        folder, manifest = builds.find(None if path is None else Path(path))
        return cls(folder, manifest)

    @cached_property
    def board(self) -> Board:
        """The board that it is for."""
        return load_board(self.manifest.board)

    @cached_property
    def golden(self) -> Golden:
        """The windows x and the reference's answers y, as integers, that prove the firmware."""
        return goldens.load(self.folder / "golden.npz")

    def artifact(self, name: str) -> Path:
        """A file that the build made: "elf", "tflite", "bin" and others of `manifest.artifacts`.

        Raises:
            InputError: when it is missing or not as it was built.
        """
        return self.manifest.artifact(self.folder, name)

    def _repr_html_(self) -> str:
        made = self.manifest
        rows = (
            ("board", made.board),
            ("model", made.model),
            ("firmware", made.firmware_build_id),
            ("MACs", f"{made.macs:,}"),
            ("arena", f"{made.arena_bytes:,} bytes"),
            ("flash", f"{made.flash_bytes:,} bytes"),
            ("RAM", f"{made.ram_bytes:,} bytes"),
        )
        cells = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in rows)
        return f"<table>{cells}</table>"
