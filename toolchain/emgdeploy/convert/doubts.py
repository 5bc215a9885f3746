"""What a conversion's numbers cannot show, said beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.ledger import relative_error
from emgdeploy.nets.ranges import Range

# A channel that int8 holds in fewer steps has less than 4 bits.
_FEW_STEPS = 16
_NAMED = 6


def of_answers(logits: NDArray[np.float32], labels: Sequence[str] | None) -> tuple[str, ...]:
    """Doubts about the float network's logits (N, K) on the ledger's windows."""
    if relative_error(logits, logits) is None:
        return (
            "the float network gives the same numbers on all windows: nothing is proven about int8; "
            "are they of the scale that the model was trained on?",
        )
    classes = np.unique(logits.argmax(axis=1))
    if logits.shape[1] == 1 or len(classes) > 1:
        return ()
    index = int(classes[0])
    name = f"{labels[index]!r}" if labels and index < len(labels) else f"class {index}"
    return (
        f"the float network names {name} on all {len(logits)} windows: that int8 agrees proves nothing, "
        "only the error of its logits does; give windows of several classes (--windows)",
    )


def of_input(windows: NDArray[np.float32], held: Range) -> tuple[str, ...]:
    """Doubts about int8 inputs of calibration windows (N, *window shape): channels, along the window's first
    axis that is longer than 1, which one scale for all leaves few steps."""
    axis = next((axis for axis in range(1, windows.ndim) if windows.shape[axis] > 1), None)
    if axis is None:
        return ()
    channels = np.moveaxis(windows, axis, 0).reshape(windows.shape[axis], -1)
    low, high = np.percentile(channels, (0.1, 99.9), axis=1)
    steps = (high - low) / held.scale
    few = np.flatnonzero(steps < _FEW_STEPS)
    if not len(few):
        return ()
    named = ", ".join(f"{i} ({steps[i]:.1f})" for i in few[:_NAMED]) + (", ..." if len(few) > _NAMED else "")
    return (
        f"{len(few)} of {len(channels)} input channels use fewer than {_FEW_STEPS} of the 256 int8 steps: {named}; "
        "bring all channels to one scale before the network, in its preprocessing",
    )
