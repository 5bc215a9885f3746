"""The graph's vocabulary: tensors with their quantization, operators with typed attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.rows import Rows


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
    file leaves sizes of the shape to be found at run time. A `variable` keeps what an operator left in it.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    quant: Quantization | None = None
    data: NDArray[np.generic] | None = None
    origin: Origin | None = None
    open_shape: bool = False
    variable: bool = False

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

    def with_data(self, data: NDArray[np.generic]) -> Tensor:
        """A constant of this tensor's type, quantization and name."""
        return replace(self, shape=data.shape, data=data)

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


class Operands(Enum):
    """Which operands an operator works on element by element; a graph pass or kernel goes by it.

    ONE: each output depends on one element of the only operand. TWO: on one of each of two, either of
    which may be constant or repeat. SLOPES: the same, but the second is a factor of the first.
    """

    OTHER = "other"
    ONE = "one"
    TWO = "two"
    SLOPES = "slopes"


Constants = list[NDArray[np.generic]]
# A part of a tensor: begin and size for each axis.
Box = tuple[list[int], list[int]]


@dataclass(frozen=True, eq=False)
class Operator:
    """What there is to know of one kind of operator, under its TFLite schema name.

    rule: raises BrokenRule where arity, shapes, element types or quantization are not the reference's.
    newest: the latest version that the reference interpreter registers; older ones mean the same for
        the types supported here. Source: kernels/register_ref.cc of google-ai-edge/LiteRT.
    attributes: from its option table, its inputs (None where left out) and its name in messages to the
        attributes of `Op`.
    operands: whether it works element by element. own_int16: its int16 form is a formula of its own, so
        that no constant operand and no neighbour can be joined to it.
    clamps: it takes a fused activation; fuses_as: the fused activation that it can become itself.
    trained: its constant operands are parameters of the network.
    tabled: it works element by element on operands of any number and type; in a function of one int8 tensor the
        reference interpreter fills its table. Its rule says what else it may be.
    view: it changes how a tensor is seen, not what its bytes are.
    several_outputs: it may write more than one tensor.
    shape: of the output, where the file leaves it open; None where it cannot be known. fold: of an output
        whose inputs are constants, its values. parts: what is cut up, and each output's part of it.
        These three work on graphs that are not validated yet; the last two raise ValueError for nonsense.
    states: positions among the file's inputs of variables that it keeps between its steps; the reader
        moves them from `Op.inputs` to `Op.states`.
    order: positions of the file's inputs in the order in which `Op.inputs` has them; none: as they are.
    copies: whether the output is the input, bit for bit.
    follows: how it works on the sources of transposed inputs, by tensor index; at least the first is one.
        By default element by element, as `operands` says (see `follow`).
    """

    name: str
    rule: Callable[[Graph, Op], None]
    newest: int = 1
    attributes: Callable[[Any, Sequence[Tensor | None], str], dict[str, Any]] | None = None
    operands: Operands = Operands.OTHER
    own_int16: bool = False
    clamps: bool = False
    fuses_as: Activation | None = None
    trained: bool = False
    tabled: bool = False
    view: bool = False
    several_outputs: bool = False
    states: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    shape: Callable[[Graph, Op], tuple[int, ...] | None] | None = None
    fold: Callable[[Op, Tensor, Constants], NDArray[np.generic]] | None = None
    parts: Callable[[Graph, Op], tuple[Tensor, list[Box]]] | None = None
    copies: Callable[[Graph, Op], bool] | None = None
    follows: Callable[[Graph, Op, Mapping[int, Turned]], Moved | None] | None = None

    def __repr__(self) -> str:
        return self.name

    @property
    def elementwise(self) -> bool:
        """Whether each output depends on one element of each operand."""
        return self.operands is not Operands.OTHER


@dataclass(frozen=True)
class Op:
    """One operator. `inputs` may hold -1 for an absent optional tensor.

    Only the attributes that its kind has are meaningful; the others keep their defaults.
    `chain` are the element-by-element operators that a pass made this one stand for, in order, with
    their own tensors. `quantized_bias` is the type number the options ask for (0: none),
    `element_type` the one that SHAPE writes, `approximate` which of two formulas GELU has,
    `adjoint` which operands of BATCH_MATMUL are transposed matrices, and `shifts_int16` asks for ADD's
    old form, of power-of-two scales. `table` is what LOOKUP gives for the inputs -128 to 127, `rows` what FLOAT_ROWS computes.
    `subgraphs` are the condition and the body of a WHILE as the file numbers them, `loop` what it does.
    """

    index: int
    kind: Operator
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
    time_major: bool = False
    clip: float = 0.0
    states: tuple[int, ...] = ()
    intermediates: tuple[int, ...] = ()
    adjoint: tuple[bool, bool] = (False, False)
    same_padding: bool = False
    chain: tuple[Op, ...] = ()
    table: tuple[int, ...] = ()
    rows: Rows | None = None
    subgraphs: tuple[int, int] = (0, 0)
    loop: Loop | None = None

    @property
    def w(self) -> Window:
        """The window of a convolution or pool."""
        if self.window is None:
            raise LookupError(f"operator {self.index} has no window")
        return self.window


@dataclass(frozen=True)
class Loop:
    """`body` run `steps` times, its one output handed on to the next time as its last input.

    Its other inputs are the operator's: of each the row of that step, along the first axis. The outputs of all
    steps, row by row, are the operator's output. `start` is what the first step is handed.
    """

    body: Graph
    steps: int
    start: Tensor


# A tensor, and the axes by which another one is its transposition.
Turned = tuple[Tensor, tuple[int, ...]]


@dataclass(frozen=True)
class Moved:
    """An operator that works on sources of transposed tensors.

    inputs: indices of tensors, or new constants. Its output has `shape`; transposed by `axes` it is the old
    one. axis: the operator's own, where that has changed.
    """

    inputs: tuple[int | Tensor, ...]
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    axis: int | None = None


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
    file_ops: tuple[Operator, ...] = field(default=(), compare=False)

    def ins(self, op: Op) -> tuple[Tensor, ...]:
        """The operator's present input tensors."""
        return tuple(self.tensors[i] for i in op.inputs if i >= 0)

    def out(self, op: Op) -> Tensor:
        return self.tensors[op.outputs[0]]

    def where(self, op: Op) -> str:
        """The operator as messages name it."""
        out = self.out(op)
        return f"{self.source}: operator {op.index} ({op.kind.name}, writing tensor {out.index}, {quoted(out.name)})"

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
