"""Random small networks of the supported operators, as .tflite bytes, from a seed."""

from __future__ import annotations

from collections.abc import Callable

from support.models.maker import LARGEST, Maker, Value
from support.models.tflite_writer import options
from support.random_models import random_copies as copies
from support.random_models import random_dilation as dilation
from support.random_models import random_elementwise as elementwise
from support.random_models import random_layout as layout
from support.random_models import random_loops as loops
from support.random_models import random_product as product
from support.random_models import random_recurrent as recurrent
from support.random_models import random_reduction as reduction
from support.random_models import random_slices as slices
from support.random_models import random_weighted as weighted

Layer = Callable[[Maker, Value], Value]

# On images of rank 4.
IMAGE_LAYERS: tuple[Layer, ...] = (
    weighted.conv,
    weighted.pointwise,
    weighted.depthwise,
    weighted.padded_conv,
    weighted.transpose_conv,
    reduction.max_pool,
    reduction.average_pool,
    dilation.dealt_conv,
    layout.channels_first,
)
# On values of any rank from 2.
LAYERS: tuple[Layer, ...] = (
    weighted.dense,
    reduction.mean,
    reduction.extreme,
    reduction.extreme,
    layout.pad,
    layout.transpose,
    layout.reshape,
    layout.through_shape,
    layout.squeeze,
    layout.expand_dims,
    layout.concatenate,
    copies.pack,
    copies.pack,
    copies.gather,
    copies.tile,
    copies.broadcast_to,
    copies.join_constant,
    slices.part,
    slices.strided,
    slices.split,
    slices.unpack,
    slices.reverse,
    elementwise.relu,
    elementwise.relu6,
    elementwise.leaky_relu,
    elementwise.logistic,
    elementwise.tanh,
    elementwise.hard_swish,
    elementwise.narrow_relu,
    elementwise.table_of,
    elementwise.table_of,
    elementwise.table_of,
    elementwise.prelu,
    elementwise.prelu,
    elementwise.requantize,
    elementwise.through_float,
    elementwise.add,
    elementwise.sub,
    elementwise.extreme,
    elementwise.extreme,
    elementwise.mul,
    elementwise.squared_difference,
    elementwise.excite,
    elementwise.softmax,
    elementwise.softmax,
    elementwise.change_type,
    recurrent.lstm,
    loops.loop,
    product.batch_matmul,
)


def random_graph(seed: int, most: int = 12, dtype: str | None = None, float_io: float = 0.15) -> bytes:
    """A network of 1 to about `most` operators, of int8 or int16 activations."""
    m = Maker(seed)
    m.dtype = dtype or str(m.pick(("int8", "int8", "int16")))
    shape = (
        (1, m.number(1, 9), m.number(1, 9), m.number(1, 7))
        if m.chance(0.85)
        else (1, m.number(2, 12), m.number(1, 9))
    )
    value = m.value(shape)
    first = _float_input(m, value) if m.chance(float_io) else value.index
    m.values.append(value)
    wanted = m.number(1, most)
    while len(m.writer.graph.operators) < wanted:
        value = next_layer(m, value)
        m.values.append(value)
    if value.shape[0] != 1:
        value = m.reshaped(value, (1, *value.shape))
    last = _float_output(m, value) if m.chance(float_io) else value.index
    return m.writer.finish([first], [last])


def next_layer(m: Maker, value: Value) -> Value:
    """One more layer, of a kind that suits the value's rank and size."""
    if value.elements > LARGEST:
        return reduction.mean(m, value)
    if len(value.shape) < 2:
        return layout.expand_dims(m, value)
    layers = LAYERS
    if len(value.shape) != 4 and m.chance(0.4):
        layers = (layout.image_again, dilation.dealt_conv) if len(value.shape) == 3 else (layout.image_again,)
    elif len(value.shape) == 4 and m.chance(0.5):
        layers = IMAGE_LAYERS
    chosen: Layer = m.pick(layers)
    return chosen(m, value)


def _float_input(m: Maker, value: Value) -> int:
    real = m.writer.tensor(value.shape, "float32")
    m.writer.op("QUANTIZE", [real], value.index, options("QuantizeOptions"))
    return real


def _float_output(m: Maker, value: Value) -> int:
    real = m.writer.tensor(value.shape, "float32")
    m.writer.op("DEQUANTIZE", [value.index], real, options("DequantizeOptions"))
    return real
