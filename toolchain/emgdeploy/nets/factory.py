"""Networks that a user's own function makes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import UsageError

if TYPE_CHECKING:
    from torch import nn


def from_factory(factory: str, description: object) -> nn.Module:
    """The network that the user's `module:function` makes. Only ever called with a name the user typed."""
    from torch import nn

    module_name, _, function_name = factory.partition(":")
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"--factory {factory}: cannot be imported ({error})",
            "write module:function, and put the module's folder on PYTHONPATH",
        ) from None
    known: Mapping[str, Any] = description if isinstance(description, dict) else {}
    network = function(input_shape=known.get("input_shape"), classes=known.get("classes"))
    if not isinstance(network, nn.Module):
        raise UsageError(
            f"--factory {factory}: it returns {type(network).__name__}", "return a torch.nn.Module"
        )
    return network
