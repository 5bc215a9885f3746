"""The networks that emgdeploy knows, as plain descriptions that a checkpoint can carry.

A description is a mapping of a name and whole numbers. Building one never runs code of the checkpoint's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import InputError

if TYPE_CHECKING:
    from torch import nn

NAMES = ("mobilenetv2", "m5")
# No electrode array or gesture set comes near these; a description beyond them is damaged or hostile.
_MOST = {
    "classes": 4096,
    "channels": 4096,
    "expansion": 64,
    "samples": 1 << 20,
    "rows": 1024,
    "columns": 1024,
}
_HINT = "checkpoints that `emgdeploy train` writes and the published MobileNetV2 ones are read as they are"


def build(description: Mapping[str, Any], source: str) -> nn.Module:
    """The network that `description` names, with untrained weights on the current default device.

    Raises InputError, naming `source`, for an unknown network or a field out of range.
    """
    from emgdeploy.nets.m5 import M5, M5Config
    from emgdeploy.nets.mobilenetv2 import MobileNetV2, MobileNetV2Config

    name = description.get("name")
    if name == "mobilenetv2":
        return MobileNetV2(
            MobileNetV2Config(
                classes=_field(description, "classes", source),
                channels=_field(description, "channels", source),
                grid=_grid(description, source),
                expansion=_field(description, "expansion", source),
            )
        )
    if name == "m5":
        return M5(
            M5Config(_field(description, "classes", source), _field(description, "samples", source, low=240))
        )
    raise InputError(f"{source}: there is no network {name!r:.60}", f"networks are: {', '.join(NAMES)}")


def describe(network: nn.Module) -> dict[str, Any]:
    """The description that `build` takes back. Raises InputError for a network that is not of this package."""
    from emgdeploy.nets.m5 import M5
    from emgdeploy.nets.mobilenetv2 import MobileNetV2

    if isinstance(network, MobileNetV2):
        config = network.config
        return {
            "name": "mobilenetv2",
            "classes": config.classes,
            "channels": config.channels,
            "grid": list(config.grid),
            "expansion": config.expansion,
        }
    if isinstance(network, M5):
        return {"name": "m5", "classes": network.config.classes, "samples": network.config.samples}
    raise InputError(
        f"a network of the class {type(network).__name__} has no description",
        f"networks that can be described are: {', '.join(NAMES)}",
    )


def _field(description: Mapping[str, Any], name: str, source: str, low: int = 1) -> int:
    return _checked(description.get(name), name, source, low)


def _checked(value: object, name: str, source: str, low: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= _MOST[name]:
        raise InputError(
            f"{source}: {name} of the network must be {low}..{_MOST[name]}, it is {value!r:.60}", _HINT
        )
    return value


def _grid(description: Mapping[str, Any], source: str) -> tuple[int, int]:
    grid = description.get("grid")
    if not isinstance(grid, list | tuple) or len(grid) != 2:
        raise InputError(f"{source}: grid of the network must be rows and columns, it is {grid!r:.60}", _HINT)
    return _checked(grid[0], "rows", source), _checked(grid[1], "columns", source)
