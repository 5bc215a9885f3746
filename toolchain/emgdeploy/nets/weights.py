"""Weights from files of others: unpickled as data, checked one by one, put into a network."""

from __future__ import annotations

import io
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emgdeploy import bounded
from emgdeploy.errors import InputError
from emgdeploy.nets import registry
from emgdeploy.signals import archive

if TYPE_CHECKING:
    from torch import Tensor, nn

_ROOM = 512 << 20
_HINT = "give a checkpoint of this network, or download or train it again"


def unpickle(content: bytes, source: str) -> object:
    """What the file holds, or InputError: only tensors and plain values are ever made from it."""
    import torch

    try:
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as members:
                archive.check_room(members, len(content))
        with warnings.catch_warnings(), bounded.memory(_ROOM + 4 * len(content)):
            warnings.simplefilter("ignore")
            value: object = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    # A hostile or cut-off file makes the reader fail in many ways, of many classes.
    except Exception as error:
        raise _unreadable(error, source) from None
    return value


def _unreadable(error: Exception, source: str) -> InputError:
    text = str(error)
    wanted = re.search(r"GLOBAL ([\w.]+)", text)
    if isinstance(error, pickle.UnpicklingError) and wanted:
        return InputError(
            f"{source}: this is not plain weights, it asks to run {wanted[1]:.80}; nothing of it was run",
            "save the state dict alone: torch.save(network.state_dict(), path)",
        )
    if "TorchScript" in text:
        return InputError(
            f"{source}: this is a TorchScript program, not weights",
            "save the state dict alone: torch.save(network.state_dict(), path)",
        )
    return InputError(
        f"{source}: this is no PyTorch checkpoint, or it is cut off or damaged", "copy or download it again"
    )


def checked_state(state: object, source: str, room: int = 1 << 30) -> dict[str, Tensor]:
    """The mapping of names to dense finite tensors that a state dict is, or InputError.

    room: bytes that all tensors together may have.
    """
    import torch

    if not isinstance(state, dict) or not state:
        raise InputError(f"{source}: there is no state dict in it, but {type(state).__name__}", _HINT)
    for key, value in state.items():
        plain = isinstance(key, str) and isinstance(value, torch.Tensor) and value.layout == torch.strided
        if not plain or value.is_complex() or value.is_quantized or value.is_meta:
            raise InputError(f"{source}: the entry {str(key)!r:.80} is no plain tensor", _HINT)
        # Strides of zero let a file of a few bytes claim a tensor of any size.
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise InputError(f"{source}: the tensor {key!r:.80} is larger than its data", _HINT)
    if sum(value.nbytes for value in state.values()) > room:  # many may share the same data
        raise InputError(f"{source}: its tensors claim more than the file holds", _HINT)
    for key, value in state.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise InputError(f"{source}: the tensor {key!r:.80} holds values that are not finite", _HINT)
    return dict(state)


def on_no_device(description: Mapping[str, Any], source: str) -> nn.Module:
    """The described network without memory for its weights: `fill` brings them."""
    import torch

    with torch.device("meta"):
        return registry.build(description, source)


def fill(network: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Put the weights into the network. Raises InputError for the first key that does not fit."""
    import torch

    expected = network.state_dict()
    for key in state:
        if key not in expected:
            raise InputError(f"{source}: the parameter {key!r:.80} is not one of this network", _HINT)
    for key, parameter in expected.items():
        if key not in state:
            raise InputError(f"{source}: the parameter {key} is missing", _HINT)
        found, wanted = tuple(state[key].shape), tuple(parameter.shape)
        if found != wanted:
            raise InputError(f"{source}: the parameter {key} has shape {found}, expected {wanted}", _HINT)
        if state[key].is_floating_point() != parameter.is_floating_point():
            raise InputError(f"{source}: the parameter {key} is {state[key].dtype}", _HINT)
    ready = {
        key: state[key].detach().to(parameter.dtype).clone(memory_format=torch.contiguous_format)
        for key, parameter in expected.items()
    }
    network.load_state_dict(ready, assign=True)


def class_count(network: nn.Module, input_shape: tuple[int, ...], source: str) -> int:
    """How many logits the network gives for one window of zeros."""
    import torch

    try:
        with torch.no_grad(), bounded.memory(_ROOM):
            logits = network.eval()(torch.zeros(1, *input_shape))
    except (RuntimeError, MemoryError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{source}: the network cannot take a window of shape {tuple(input_shape)} ({reason:.120})", _HINT
        ) from None
    if logits.ndim != 2 or logits.shape[0] != 1:
        raise InputError(f"{source}: the network gives {tuple(logits.shape)}, not one row of logits", _HINT)
    return int(logits.shape[1])
