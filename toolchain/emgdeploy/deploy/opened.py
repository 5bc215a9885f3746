"""A model as the user named it, read once, whatever is asked of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.nets import foreign
from emgdeploy.nets.checkpoint import Checkpoint, is_checkpoint, load_checkpoint

if TYPE_CHECKING:
    from emgdeploy.convert.source import Source


@dataclass(frozen=True)
class Opened:
    """path: a file, or the folder of another build. checkpoint: its content, where it is one."""

    path: Path
    checkpoint: Checkpoint | None = None

    @property
    def is_converted(self) -> bool:
        """Whether an int8 network has to be made of it first."""
        return self.checkpoint is not None or self.path.suffix.lower() == ".onnx"

    def source(self) -> Source:
        """What a conversion starts from. Raises InputError."""
        from emgdeploy.convert import source

        if self.checkpoint is not None:
            return source.of_checkpoint(self.checkpoint, self.path)
        return source.read(self.path)


def open_model(path: Path, factory: str | None) -> Opened:
    """Read `path`; factory: `module:function` of a user's own network. Raises InputError."""
    foreign.refuse(path)
    return Opened(path, load_checkpoint(path, factory) if is_checkpoint(path) else None)
