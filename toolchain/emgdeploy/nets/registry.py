"""The networks that emgdeploy knows, as plain descriptions that a checkpoint can carry.

A description is a mapping of a name and whole numbers. Building one never runs code of the checkpoint's.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import prod
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets import factory

if TYPE_CHECKING:
    from torch import nn

# No electrode array or gesture set comes near these; a description beyond them is damaged or hostile.
_MOST = {
    "classes": 4096,
    "channels": 4096,
    "expansion": 64,
    "percent": 400,
    "filters": 1024,
    "grid": 4096,
    "window": 1 << 20,
}
_MOST_VALUES = 1 << 24  # of one window
USER = "factory"
_HINT = "checkpoints that `emgdeploy train` writes and the published MobileNetV2 ones are read as they are"


@dataclass(frozen=True)
class _Kind:
    """Where a network's classes are: `module` under emgdeploy.nets, its network and its configuration."""

    module: str
    network: str
    config: str

    def load(self) -> tuple[type[nn.Module], Any]:
        module = importlib.import_module(f"emgdeploy.nets.{self.module}")
        return getattr(module, self.network), getattr(module, self.config)


_KINDS = {
    "mobilenetv2": _Kind("mobilenetv2", "MobileNetV2", "MobileNetV2Config"),
    "mobilenetv1": _Kind("mobilenetv1", "MobileNetV1", "MobileNetV1Config"),
    "m5": _Kind("m5", "M5", "M5Config"),
    "effie": _Kind("effie", "Effie", "EffieConfig"),
    "bandnet": _Kind("bandnet", "BandNet", "BandNetConfig"),
    "gridnet": _Kind("gridnet", "GridNet", "GridNetConfig"),
    "lda": _Kind("lda", "Lda", "LdaConfig"),
    "mlp": _Kind("mlp", "Mlp", "MlpConfig"),
}
# What `train --network` takes: a kind, and the configuration's constructor for given windows.
_CHOICES = {**{name: (name, "suited") for name in _KINDS}, "bandnet-small": ("bandnet", "suited_small")}
NAMES = tuple(_CHOICES)
# Networks made for samples as they are, and how they lie in a window.
RAW_LAYOUTS = {"bandnet": "raster", "bandnet-small": "raster", "effie": "raster", "m5": "column"}
_WIDTHS = {"mobilenetv2": 0.2, "mobilenetv1": 0.25}


class NetworkNotNamed(InputError):
    """A checkpoint of a user's own network, which is code: imported once the user has named it, never before.

    `remembered`: the name under which it was trained, where the checkpoint says one.
    """

    def __init__(self, source: str, remembered: object) -> None:
        self.remembered = str(remembered) if factory.is_name(remembered) else None
        known = f"the network {self.remembered}, which is your own" if self.remembered else "your own network"
        super().__init__(
            f"{source}: these are weights of {known}", f"add --network {self.remembered or 'module:function'}"
        )
        if self.remembered is not None:
            self.missing_option = ("--network", self.remembered)


def kind_of(name: str) -> str:
    """The kind of network that a name of NAMES stands for; other names stand for themselves."""
    return _CHOICES[name][0] if name in _CHOICES else name


def usual_width(name: str) -> float:
    """The width that a network has when nobody says another."""
    return _WIDTHS.get(name, 1.0)


def unsuited(name: str, image: str, shape: tuple[int, int, int]) -> str | None:
    """A sentence where a network was not made for such windows, though it may take them; else None."""
    if name in RAW_LAYOUTS and image != "stacked":
        return (
            f'{name} was made for samples as they are (image = "stacked", layout = "{RAW_LAYOUTS[name]}"); '
            f"these windows are {image} of shape {shape}"
        )
    if name not in RAW_LAYOUTS and name in NAMES and min(shape[1:]) == 1 and image == "stacked":
        return f"{name} was made for images; these windows are samples of shape {shape}"
    return None


def check_name(name: str) -> None:
    """Raise UsageError for a name that is none of ours and no `module:function`, with the ones that it is near to."""
    if ":" in name or name in _CHOICES:
        return
    near = difflib.get_close_matches(name, NAMES, n=2)
    raise UsageError(
        f"there is no network {name!r:.60}",
        f"did you mean {' or '.join(near)}?"
        if near
        else f"networks are: {', '.join(NAMES)}, or module:function for your own",
    )


def new(name: str, shape: tuple[int, int, int], classes: int, width: float) -> nn.Module:
    """An untrained network for windows of `shape` (C, H, W); what `width` scales is each network's matter.

    name: one of NAMES, or the user's own `module:function`, which is imported. Raises UsageError for an
    unknown name, or windows that the network cannot take.
    """
    if ":" in name:
        return factory.make(name, {"input_shape": shape, "classes": classes})
    check_name(name)
    kind, constructor = _CHOICES[name]
    network_class, config = _KINDS[kind].load()
    try:
        built: nn.Module = network_class(getattr(config, constructor)(shape, classes, width))
    except ValueError as error:
        raise UsageError(f"{error}; these are {shape}", "choose another network or longer windows") from None
    return built


def build(description: Mapping[str, Any], source: str) -> nn.Module:
    """The network that `description` names, with untrained weights on the current default device.

    Raises InputError, naming `source`, for an unknown network or a field out of range.
    """
    name = description.get("name")
    if name == USER:
        raise NetworkNotNamed(source, description.get("factory"))
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InputError(f"{source}: there is no network {name!r:.60}", f"networks are: {', '.join(_KINDS)}")
    network, config = kind.load()
    # A flag that an older file does not know keeps its default; sizes must be there.
    wanted = [f.name for f in fields(config) if f.name in description or not isinstance(f.default, bool)]
    values = {name: _checked(description.get(name), name, source) for name in wanted}
    try:
        settled = config(**values)
    except ValueError as error:
        raise InputError(f"{source}: {error}", _HINT) from None
    built = network(settled)
    if prod(_shape_of(built)) > _MOST_VALUES:
        raise InputError(f"{source}: windows of {_shape_of(built)} values are too large", _HINT)
    return built


def describe(network: nn.Module, classes: int, own: str | None = None) -> dict[str, Any]:
    """The description that `build` takes back; of a user's own network what its factory is called with, and `own`,
    its name."""
    for name, kind in _KINDS.items():
        network_class, _ = kind.load()
        if isinstance(network, network_class):
            config: Any = network.config
            values = {f.name: getattr(config, f.name) for f in fields(config)}
            plain = {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
            return {"name": name, **plain}
    shape = getattr(network, "input_shape", None)
    if shape is None:
        raise InputError(
            f"a network of the class {type(network).__name__} has no description",
            "give the module an `input_shape` (C, H, W)",
        )
    named = {"factory": own} if factory.is_name(own) else {}
    return {"name": USER, "input_shape": list(shape), "classes": classes, **named}


def _shape_of(network: Any) -> tuple[int, int, int]:
    shape: tuple[int, int, int] = network.input_shape
    return shape


def _checked(value: object, name: str, source: str) -> Any:
    """A field as the configuration takes it: a flag, a number in range, or a few of them."""
    if isinstance(value, bool) and name not in _MOST:
        return value
    if name in ("grid", "window"):
        count = 2 if name == "grid" else 3
        if not isinstance(value, list | tuple) or len(value) != count:
            raise InputError(
                f"{source}: {name} of the network must be {count} sizes, it is {value!r:.60}", _HINT
            )
        return tuple(_whole(size, name, source) for size in value)
    return _whole(value, name, source)


def _whole(value: object, name: str, source: str) -> int:
    most = _MOST.get(name, 1)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise InputError(f"{source}: {name} of the network must be 1..{most}, it is {value!r:.60}", _HINT)
    return value
