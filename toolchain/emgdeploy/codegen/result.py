"""What goes into the compiler and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.exact.float32 import dequantize, quantize
from emgdeploy.codegen.memory_map import Place
from emgdeploy.codegen.naming import USUAL
from emgdeploy.graph.numerics import other_sign
from emgdeploy.graph.types import Origin


@dataclass(frozen=True)
class CodegenOptions:
    """`optimize`: speed, balanced or memory. `isa`: portable, dsp or mve.

    `known_answer` is a window and its reference output, in the file's own types and layouts; the
    firmware runs it at boot. `header` is written into the generated files' comment. Where the file
    takes or gives float32 through QUANTIZE and DEQUANTIZE, the device takes and gives the integers
    behind them, unless `keep_float_io` asks for the float operators on the device. `every_channel`
    computes the channels too that could be left out (benchmarks compare both). `chosen` names the
    kernels of operators, by index, where the best-ranked one is not wanted: see kernels_by_operator.
    `ram_for_constants` is how many bytes of weights and parameters may be copied to RAM. `adapt_head` lets the
    constants of the last dense layer be replaced while the program runs: no choice depends on their values. `labels` are the classes' names. `name` is the prefix of all names that
    the generated C defines.
    """

    known_answer: tuple[NDArray[np.generic], NDArray[np.generic]]
    optimize: str = "balanced"
    isa: str = "portable"
    header: dict[str, str] = field(default_factory=dict)
    keep_float_io: bool = False
    every_channel: bool = False
    chosen: Mapping[int, str] = field(default_factory=dict)
    ram_for_constants: int = 0
    adapt_head: bool = False
    labels: tuple[str, ...] = ()
    name: str = USUAL


@dataclass(frozen=True)
class TensorSpec:
    """The model's input or output as the device's buffer holds it."""

    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int

    def quantize(self, values: NDArray[Any]) -> NDArray[Any]:
        """The device's numbers for `values` of the file's type: float32 is quantized, integers pass.

        Where the file has uint8 the device has int8.
        """
        if values.dtype == np.uint8 and self.dtype == "int8":
            return other_sign(values)
        if values.dtype.kind != "f" or self.dtype == "float32":
            return values
        return quantize(values, self.scale, self.zero_point, self.dtype).astype(self.dtype)

    def dequantize(self, values: NDArray[Any]) -> NDArray[Any]:
        """float32 for the device's integers; float32 passes."""
        return values if values.dtype.kind == "f" else dequantize(values, self.scale, self.zero_point)


@dataclass(frozen=True)
class LayerInfo:
    """One step of the call sequence; sizes in bytes. in_ram: whether its constants are copied to RAM.
    kernel: the C function."""

    index: int
    name: str
    op: str
    macs: int
    weights_bytes: int
    constants_bytes: int
    in_ram: bool
    in_bytes: int
    out_bytes: int
    kernel: str


@dataclass(frozen=True)
class OperatorCount:
    """How often an operator stands in the file, and how many kernel calls are left of it."""

    op: str
    in_file: int
    on_device: int


@dataclass(frozen=True)
class GeneratedModel:
    """The generated text by file name, the runtime sources it needs, and what it costs.

    `runtime_sources` are .c and .h paths below firmware_templates/runtime. For each step in call order,
    `steps_op` is its operator's index, and `origins` tells what its output is equal to: a tensor of the
    .tflite, or a part of one. `peak_layer` is the index of the layer during which the arena is full.
    `parameters` are the bytes that can be replaced while the program runs, little-endian, array after array.
    `places` is the memory map of the arena.
    """

    files: dict[str, str]
    runtime_sources: tuple[str, ...]
    layers: tuple[LayerInfo, ...]
    operators: tuple[OperatorCount, ...]
    steps_op: tuple[int, ...]
    origins: tuple[Origin, ...]
    input: TensorSpec
    output: TensorSpec
    macs: int
    params: int
    weights_bytes: int
    params_bytes: int
    arena_bytes: int
    peak_layer: int
    arena_bound_plain: int
    arena_bound_overlapped: int
    parameters: bytes = b""
    places: tuple[Place, ...] = ()

    @property
    def ram_constants_bytes(self) -> int:
        """What start-up copies to RAM of weights and parameters."""
        return sum(layer.constants_bytes for layer in self.layers if layer.in_ram)
