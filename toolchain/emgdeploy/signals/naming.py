"""Classes are numbers to a network and names to people: where the two meet, names decide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError


def class_map(have: tuple[str, ...], wanted: tuple[str, ...], place: str) -> NDArray[np.int64]:
    """(len(have),) the class in `wanted` of each class of `have`, found by name.

    Raises InputError, beginning with `place`, for a name that is not among `wanted`.
    """
    unknown = [name for name in have if name not in wanted]
    if not unknown:
        return np.array([wanted.index(name) for name in have], np.int64)
    alike = [name for name in wanted if name.casefold() == unknown[0].casefold()]
    hint = "leave its recordings out, or name it as the model does where it is the same gesture"
    if alike:
        hint = f"names must be alike to the letter: {alike[0]!r} in the model, {unknown[0]!r} here"
    raise InputError(
        f"{place}: the model does not know the gesture {unknown[0]!r}; it knows {', '.join(wanted)}", hint
    )


def renumbered(classes: NDArray[np.int64], mapping: NDArray[np.int64]) -> NDArray[np.int64]:
    """Any shape: each class as `mapping` has it; negative ones, which are none, stay."""
    return np.where(classes >= 0, mapping[np.maximum(classes, 0)], classes)
