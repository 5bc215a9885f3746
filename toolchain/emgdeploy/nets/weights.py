"""Weights from files of others: unpickled as data, checked one by one, put into a network."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from emgdeploy import bounded
from emgdeploy.errors import InputError
from emgdeploy.nets import foreign, registry, statedict
from emgdeploy.signals import archive
from emgdeploy.text import printable

if TYPE_CHECKING:
    from torch import Tensor, nn

_ROOM = 512 << 20
_HINT = "give a checkpoint of this network, or download or train it again"


def unpickle(content: bytes, source: str) -> object:
    """What the file holds, or InputError: only tensors, NumPy's numbers and plain values are ever made from it."""
    import torch

    try:
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as members:
                archive.check_room(members, len(content))
        limits = bounded.memory(_ROOM + 4 * len(content)), torch.serialization.safe_globals(_numbers())
        with warnings.catch_warnings(), limits[0], limits[1]:
            warnings.simplefilter("ignore")
            value: object = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    # A hostile or cut-off file makes the reader fail in many ways, of many classes.
    except Exception as error:
        raise foreign.unreadable(content, error, source) from None
    return value


def _numbers() -> list[Any]:
    """What NumPy pickles its numbers and arrays by: training scripts keep losses and confusions in checkpoints."""
    multiarray = np._core.multiarray  # type: ignore[attr-defined]
    functions = [multiarray.scalar, multiarray._reconstruct]
    old = [(function, f"numpy.core.multiarray.{function.__name__}") for function in functions]
    kinds = {type(np.dtype(code)) for code in "?bhilqBHILQefdU"}
    return [*functions, *old, np.dtype, np.ndarray, *kinds]


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
    state = statedict.completed(statedict.fitted(state, expected, source), expected)
    for key in state:
        if key not in expected:
            raise InputError(f"{source}: the parameter {key!r:.80} is not one of this network", _HINT)
    for key, parameter in expected.items():
        if key not in state:
            raise InputError(f"{source}: the parameter {key} is missing", _HINT)
        found, wanted = tuple(state[key].shape), tuple(parameter.shape)
        if found != wanted:
            raise InputError(f"{source}: the parameter {key} has shape {found}, expected {wanted}", _HINT)
        if state[key].is_floating_point() != parameter.is_floating_point() and statedict.matters(key):
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
    except Exception as error:  # a user's own network may raise anything
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{source}: the network cannot take a window of shape {tuple(input_shape)} "
            f"({printable(reason) or type(error).__name__:.120})",
            "check its forward and its input_shape (C, H, W)",
        ) from error
    if not isinstance(logits, torch.Tensor):
        count = f" of {len(logits)}" if isinstance(logits, tuple | list | dict) else ""
        raise InputError(
            f"{source}: the network gives a {type(logits).__name__}{count}, not one tensor of logits",
            "let its forward return the logits alone, or name a function that wraps it so",
        )
    if logits.ndim != 2 or logits.shape[0] != 1:
        raise InputError(f"{source}: the network gives {tuple(logits.shape)}, not one row of logits", _HINT)
    return int(logits.shape[1])
