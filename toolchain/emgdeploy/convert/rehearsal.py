"""Whether a network can be converted, before an hour goes into its training."""

from __future__ import annotations

from typing import Any

from emgdeploy.convert import ending, export, simplify
from emgdeploy.convert.lowering import program


def rehearse(network: Any, input_shape: tuple[int, ...], source: str) -> None:
    """Export an untrained torch module for windows (1, *input_shape) and look at its operators.

    Raises InputError naming all that cannot be converted; ToolMissingError without the packages that it takes.
    """
    exported = export.export(network.eval(), input_shape, source)
    simple, _ = ending.cut(simplify.simplify(exported, source))
    program.check_operators(simple, source)
