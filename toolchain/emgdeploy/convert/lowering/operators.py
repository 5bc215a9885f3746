"""The ONNX operators that can be lowered: importing a family here announces its functions."""

from __future__ import annotations

from emgdeploy.convert.lowering import (  # noqa: F401  (importing announces)
    activation,
    arithmetic,
    combine,
    convolution,
    copies,
    dense,
    function,
    looped,
    normalization,
    pooling,
    product,
    recurrent,
    resize,
    shape,
    slices,
    transposed,
)
from emgdeploy.convert.lowering.registry import LOWERINGS, Lowering


def find(op: str) -> Lowering | None:
    """The lowering of an ONNX operator of the default domain, or None."""
    return LOWERINGS.get(op)


def supported() -> tuple[str, ...]:
    """The ONNX operators that can be lowered, sorted."""
    return tuple(sorted(LOWERINGS))
