"""The state dict in what a file holds: under which key it lies, and what trainers put before its names."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import InputError
from emgdeploy.text import printable

if TYPE_CHECKING:
    from torch import Tensor

# Where training scripts put a state dict, those first that are most surely it. Lightning: state_dict.
_KEYS = (
    "state_dict", "model_state_dict", "model_state", "model", "net_state_dict", "net", "network_state_dict",
    "network", "weights", "params", "module", "ema_state_dict", "model_ema", "ema",
)  # fmt: skip
# torch.compile puts its own name into the middle as well; torch.optim.swa_utils counts its averages.
_COMPILED, _AVERAGES = "_orig_mod.", "n_averaged"
# A checkpoint holds a state dict in a mapping, or in one more around it.
_DEPTH = 2


def find(value: object) -> object:
    """The state dict in what a training script saved, or the value itself where none is found in it."""
    return _within(value, _DEPTH) or value


def _within(value: object, depth: int) -> Mapping[str, Any] | None:
    if not isinstance(value, Mapping) or not value:
        return None
    if _is_state(value):
        return value
    if depth == 0:
        return None
    known = [key for key in _KEYS if key in value]
    inside = [_within(value[key], depth - 1) for key in known]
    return next((one for one in inside if one is not None), None)


def _is_state(value: Mapping[Any, Any]) -> bool:
    """Whether it is names and tensors; an entry of another kind does not make it something else, a mapping does."""
    import torch

    tensors = sum(isinstance(one, torch.Tensor) for one in value.values())
    return tensors >= max(1, len(value) - 1) and not any(isinstance(one, Mapping) for one in value.values())


def without_compiled(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state without what torch.compile and weight averaging add to it."""
    return {key.replace(_COMPILED, ""): value for key, value in state.items() if key != _AVERAGES}


def common_prefix(state: Mapping[str, Tensor], wanted: str) -> str:
    """What stands before the name `wanted` in a state of which all names begin so, else nothing."""
    found = (key.removesuffix(wanted) for key in state if key.endswith(f".{wanted}"))
    return next((prefix for prefix in found if all(key.startswith(prefix) for key in state)), "")


def fitted(state: Mapping[str, Tensor], expected: Mapping[str, Any], source: str) -> dict[str, Tensor]:
    """The state with the names that the network expects, without the prefix that all of these have in it.

    Wrappers put it there: `module.` of DataParallel, `model.` of a Lightning module. Raises InputError where the
    wrapper has tensors beside the network: they may be part of what was trained, so nobody drops them unasked.
    """
    first = next(iter(expected), None)
    if first is None or first in state:
        return dict(state)
    prefixes = (key.removesuffix(first) for key in state if key.endswith(f".{first}"))
    prefix = next(
        (one for one in prefixes if all(one + key in state for key in expected if matters(key))), None
    )
    if prefix is None:
        return dict(state)
    beside = [key for key in state if not key.startswith(prefix)]
    if beside:
        raise InputError(
            f"{source}: beside the network's, which begin with {printable(prefix)!r:.80}, it has the parameter "
            f"{printable(beside[0])!r:.80}{f' and {len(beside) - 1} more' if len(beside) > 1 else ''}",
            f"if the network does not need them: {only(source, prefix)}",
        )
    return {key.removeprefix(prefix): value for key, value in state.items()}


def matters(key: str) -> bool:
    """A batch norm's count of batches means nothing to a trained network, and old files have none."""
    return key.rpartition(".")[2] != "num_batches_tracked"


def completed(state: Mapping[str, Tensor], expected: Mapping[str, Any]) -> dict[str, Tensor]:
    """The state, with a count of batches for each batch norm that brings none."""
    import torch

    missing = [key for key in expected if not matters(key) and key not in state]
    return {**state, **{key: torch.zeros((), dtype=torch.int64) for key in missing}}


def only(source: str, prefix: str) -> str:
    """The command that keeps the parameters behind a prefix."""
    code = (
        "import sys, torch; from emgdeploy.nets import statedict; p = sys.argv[2]; "
        "s = statedict.without_compiled(statedict.find(torch.load(sys.argv[1], 'cpu'))); "
        "torch.save({k[len(p):]: v for k, v in s.items() if k.startswith(p)}, sys.argv[3])"
    )
    return (
        f'python -c "{code}" {shlex.quote(source)} {shlex.quote(prefix)} weights.pt, then --model weights.pt'
    )
