"""How far a training has come, kept in a file so that an interrupted one goes on where it was."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic
from emgdeploy.nets import weights

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT = "emgdeploy.progress/1"


@dataclass(frozen=True)
class Progress:
    """A file for the state of one training; `training` names what is trained on what."""

    path: Path
    training: str

    def load(self) -> dict[str, Any] | None:
        """What `save` wrote, or None. Raises InputError for a damaged file or that of another training."""
        if not self.path.exists():
            return None
        state = weights.unpickle(self.path.read_bytes(), str(self.path))
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise InputError(f"{self.path}: holds no progress of a training", "remove it to begin anew")
        if state.get("training") != self.training:
            raise InputError(
                f"{self.path}: belongs to another training (other data, network or settings)",
                "remove it to begin anew, or name another --out",
            )
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file, whole or not at all."""
        import torch

        buffer = io.BytesIO()
        torch.save({"format": FORMAT, "training": self.training, **state}, buffer)
        write_atomic(self.path, buffer.getvalue())


def fingerprint(network: nn.Module, windows: Tensor, classes: Tensor, settings: object) -> str:
    """SHA-256 of all that decides what a training does."""
    digest = hashlib.sha256(repr((settings, tuple(windows.shape))).encode())
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    for tensor in (windows, classes):
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
