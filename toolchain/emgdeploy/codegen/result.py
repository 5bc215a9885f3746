"""What goes into the compiler and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CodegenOptions:
    """`optimize`: speed, balanced or memory. `isa`: portable, dsp or mve.

    `known_answer` is a window and its reference output, in the model's own integer types and
    layouts; the firmware runs it at boot. `header` is written into the generated files' comment.
    """

    known_answer: tuple[NDArray[np.generic], NDArray[np.generic]]
    optimize: str = "balanced"
    isa: str = "portable"
    header: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TensorSpec:
    """The model's input or output as the device's buffer holds it."""

    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True)
class LayerInfo:
    """One step of the call sequence; sizes in bytes."""

    index: int
    name: str
    op: str
    macs: int
    weights_bytes: int
    in_bytes: int
    out_bytes: int


@dataclass(frozen=True)
class GeneratedModel:
    """The generated text by file name, the runtime sources it needs, and what it costs.

    `runtime_sources` are .c and .h paths below firmware_templates/runtime. `steps_write` names, for
    each step in call order, the tensor of the .tflite that its output is equal to.
    """

    files: dict[str, str]
    runtime_sources: tuple[str, ...]
    layers: tuple[LayerInfo, ...]
    steps_write: tuple[int, ...]
    input: TensorSpec
    output: TensorSpec
    macs: int
    params: int
    weights_bytes: int
    params_bytes: int
    arena_bytes: int
    arena_bound_plain: int
    arena_bound_overlapped: int
