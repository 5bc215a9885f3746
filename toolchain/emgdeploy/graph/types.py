"""The graph's vocabulary: tensors with their quantization, operators with typed attributes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray


class OpKind(StrEnum):
    """The operators this compiler understands, under their TFLite schema names."""

    ABS = "ABS"
    ADD = "ADD"
    AVERAGE_POOL_2D = "AVERAGE_POOL_2D"
    BATCH_TO_SPACE_ND = "BATCH_TO_SPACE_ND"
    CONCATENATION = "CONCATENATION"
    CONV_2D = "CONV_2D"
    DEPTHWISE_CONV_2D = "DEPTHWISE_CONV_2D"
    DEQUANTIZE = "DEQUANTIZE"
    EXP = "EXP"
    EXPAND_DIMS = "EXPAND_DIMS"
    FULLY_CONNECTED = "FULLY_CONNECTED"
    GATHER = "GATHER"
    GELU = "GELU"
    HARD_SWISH = "HARD_SWISH"
    LEAKY_RELU = "LEAKY_RELU"
    LOGISTIC = "LOGISTIC"
    MAXIMUM = "MAXIMUM"
    MAX_POOL_2D = "MAX_POOL_2D"
    MEAN = "MEAN"
    MINIMUM = "MINIMUM"
    MUL = "MUL"
    PACK = "PACK"
    PAD = "PAD"
    PRELU = "PRELU"
    QUANTIZE = "QUANTIZE"
    REDUCE_MAX = "REDUCE_MAX"
    REDUCE_MIN = "REDUCE_MIN"
    REDUCE_PROD = "REDUCE_PROD"
    RELU = "RELU"
    RELU6 = "RELU6"
    RELU_0_TO_1 = "RELU_0_TO_1"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RESHAPE = "RESHAPE"
    SHAPE = "SHAPE"
    SLICE = "SLICE"
    SOFTMAX = "SOFTMAX"
    SPACE_TO_BATCH_ND = "SPACE_TO_BATCH_ND"
    SPLIT = "SPLIT"
    SPLIT_V = "SPLIT_V"
    SQUEEZE = "SQUEEZE"
    STRIDED_SLICE = "STRIDED_SLICE"
    SUB = "SUB"
    TANH = "TANH"
    TRANSPOSE = "TRANSPOSE"
    UNPACK = "UNPACK"


class Activation(StrEnum):
    """The activation a producer clamps its own output with."""

    NONE = "NONE"
    RELU = "RELU"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RELU6 = "RELU6"


@dataclass(frozen=True)
class Quantization:
    """real = scale * (q - zero_point); one entry per tensor, or one per index of `axis`."""

    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return self.scales.size > 1

    @property
    def scale(self) -> np.float32:
        """The scale of a per-tensor quantization, float32 as the file stores it."""
        return np.float32(self.scales[0])

    @property
    def zero_point(self) -> int:
        return int(self.zero_points[0])


@dataclass(frozen=True)
class Origin:
    """What a tensor is equal to: the file's `tensor`, transposed by `axes` (empty: as it is).

    Of that the places `kept` along the last axis (None: all of them).
    """

    tensor: int
    axes: tuple[int, ...] = ()
    kept: tuple[int, ...] | None = None

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """This tensor's values, from those of the file's."""
        turned = values.transpose(self.axes) if self.axes else values
        return turned if self.kept is None else turned[..., list(self.kept)]


@dataclass(frozen=True)
class Tensor:
    """One tensor: `data` is set when it is a constant; shapes carry the batch of 1.

    `origin` is set on tensors that a pass made in place of one of the file's; `open_shape` where the
    file leaves sizes of the shape to be found at run time.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    quant: Quantization | None = None
    data: NDArray[np.generic] | None = None
    origin: Origin | None = None
    open_shape: bool = False

    @property
    def source(self) -> Origin:
        """The tensor of the file that this one is equal to."""
        return self.origin or Origin(self.index)

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.elements * self.dtype.itemsize

    @property
    def size2d(self) -> tuple[int, int]:
        """Height and width of an image (batch, height, width, channels)."""
        return self.shape[1], self.shape[2]

    @property
    def constant(self) -> bool:
        return self.data is not None

    @property
    def q(self) -> Quantization:
        """The quantization of a tensor that validation has shown to have one."""
        if self.quant is None:
            raise LookupError(f"tensor {self.index} has no quantization")
        return self.quant


_LONGEST_NAME = 60


def quoted(name: str) -> str:
    """A tensor's name as messages show it: converters make one of all the layers that went into it."""
    return repr(name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}...")


@dataclass(frozen=True)
class Padding:
    """Rows and columns of zero point around the image."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __bool__(self) -> bool:
        return bool(self.top or self.bottom or self.left or self.right)


@dataclass(frozen=True)
class Window:
    """How a kernel walks over an image: size, stride, dilation as (height, width), and padding.

    `image` is the size that SAME padding was reckoned for, None where none was.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = Padding()
    image: tuple[int, int] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Op:
    """One operator. `inputs` may hold -1 for an absent optional tensor.

    Only the attributes that its kind has are meaningful; the others keep their defaults.
    `chain` are the element-by-element operators that a pass made this one stand for, in order, with
    their own tensors. `quantized_bias` is the type number the options ask for (0: none),
    `element_type` the one that SHAPE writes, `approximate` which of two formulas GELU has, and `shifts_int16` asks for ADD's old form, of power-of-two scales.
    """

    index: int
    kind: OpKind
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    activation: Activation = Activation.NONE
    window: Window | None = None
    depth_multiplier: int = 1
    axis: int = 0
    keep_dims: bool = False
    alpha: float = 0.0
    beta: float = 1.0
    masks: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    sizes: tuple[int, ...] = ()
    element_type: int = 0
    quantized_bias: int = 0
    shifts_int16: bool = False
    approximate: bool = False
    chain: tuple[Op, ...] = ()

    @property
    def w(self) -> Window:
        """The window of a convolution or pool."""
        if self.window is None:
            raise LookupError(f"operator {self.index} has no window")
        return self.window


@dataclass(frozen=True)
class Graph:
    """Operators in an order that can be executed, with the tensors they name by index.

    `file_ops` are the operators as the file has them, whatever became of them since.
    """

    tensors: dict[int, Tensor]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    source: str = field(default="model.tflite", compare=False)
    file_ops: tuple[OpKind, ...] = field(default=(), compare=False)

    def ins(self, op: Op) -> tuple[Tensor, ...]:
        """The operator's present input tensors."""
        return tuple(self.tensors[i] for i in op.inputs if i >= 0)

    def out(self, op: Op) -> Tensor:
        return self.tensors[op.outputs[0]]

    def where(self, op: Op) -> str:
        """The operator as messages name it."""
        out = self.out(op)
        return f"{self.source}: operator {op.index} ({op.kind.value}, writing tensor {out.index}, {quoted(out.name)})"

    def optional(self, op: Op, position: int) -> Tensor | None:
        """The input at `position`, or None where the operator leaves it out."""
        if position >= len(op.inputs) or op.inputs[position] < 0:
            return None
        return self.tensors[op.inputs[position]]

    def producers(self) -> dict[int, Op]:
        """Tensor index -> the operator that writes it."""
        return {t: op for op in self.ops for t in op.outputs}

    def consumers(self) -> dict[int, list[Op]]:
        """Tensor index -> the operators that read it."""
        users: dict[int, list[Op]] = {}
        for op in self.ops:
            for t in op.inputs:
                users.setdefault(t, []).append(op)
        return users

    def live_tensors(self) -> Iterator[Tensor]:
        """Every tensor that holds values while the graph runs, in order of first appearance."""
        seen = dict.fromkeys((*self.inputs, *(t for op in self.ops for t in op.outputs)))
        return (self.tensors[t] for t in seen if not self.tensors[t].constant)

    def with_ops(self, ops: tuple[Op, ...]) -> Graph:
        """The same graph with other operators."""
        return replace(self, ops=ops)

    def with_tensor(self, tensor: Tensor) -> Graph:
        """The same graph with one tensor added or replaced."""
        return replace(self, tensors={**self.tensors, tensor.index: tensor})
