"""Bare state dicts, recognised by the names and shapes of their parameters.

The published project saves weights alone, so the network has to be read off them. What they cannot tell is
the grid: several grids leave the same number of pixels before the classifier. Then 8 x 24, the published
one, is taken where it fits, else the caller must say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import InputError
from emgdeploy.nets import statedict

if TYPE_CHECKING:
    from torch import Tensor

PUBLISHED_GRID = (8, 24)
_PROFILING = ("total_ops", "total_params")
_HINT = "give a checkpoint of MobileNetV2 or M5, or name your own network with --network module:function"


def without_profiling(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state without the counters that the profiler `thop` leaves in it, told by their names."""
    return {key: value for key, value in state.items() if key.rpartition(".")[2] not in _PROFILING}


def description_of(
    state: Mapping[str, Tensor], source: str, grid: tuple[int, int] | None = None
) -> dict[str, Any]:
    """The description (see `registry`) of the network that `state` belongs to.

    Raises InputError when the parameter names are those of no known network, or `grid` does not fit.
    """
    prefix = statedict.common_prefix(state, "linear.weight") or statedict.common_prefix(state, "fc.weight")
    state = {key.removeprefix(prefix): value for key, value in state.items()}
    if "linear.weight" in state and "layers.0.conv2.weight" in state:
        return _mobilenetv2(state, source, grid)
    if "fc.weight" in state and "conv3.weight" in state and "conv4.weight" not in state:
        from emgdeploy.nets.m5 import SAMPLES

        return {"name": "m5", "classes": _shape(state, "fc.weight", 2, source)[0], "window": [1, SAMPLES, 1]}
    found = ", ".join(list(state)[:3])
    raise InputError(
        f"{source}: these are weights of another network (its parameters: {found:.120}, ...)", _HINT
    )


def _mobilenetv2(state: Mapping[str, Tensor], source: str, grid: tuple[int, int] | None) -> dict[str, Any]:
    from emgdeploy.nets.mobilenetv2 import HEAD_CHANNELS, final_grid

    classes, features = _shape(state, "linear.weight", 2, source)
    stem, channels = _shape(state, "conv1.weight", 4, source)[:2]
    hidden, entering = _shape(state, "layers.1.conv1.weight", 4, source)[:2]
    rows, columns = final_grid(grid or PUBLISHED_GRID)
    if features != HEAD_CHANNELS * rows * columns:
        size = "x".join(map(str, grid or PUBLISHED_GRID))
        raise InputError(
            f"{source}: the classifier takes {features} values, a grid of {size} electrodes gives "
            f"{HEAD_CHANNELS * rows * columns}",
            "name the grid the network was trained on with --grid ROWSxCOLUMNS",
        )
    return {
        "name": "mobilenetv2",
        "classes": classes,
        "channels": channels,
        "grid": list(grid or PUBLISHED_GRID),
        "expansion": max(1, hidden // max(1, entering)) if stem else 1,
    }


def _shape(state: Mapping[str, Tensor], key: str, dimensions: int, source: str) -> tuple[int, ...]:
    if key not in state:
        raise InputError(f"{source}: the parameter {key} is missing", _HINT)
    shape = tuple(state[key].shape)
    if len(shape) != dimensions:
        raise InputError(
            f"{source}: the parameter {key} has shape {shape}, expected {dimensions} sizes", _HINT
        )
    return shape
