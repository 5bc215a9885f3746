"""Random networks in which many channels are constant, or read by nobody."""

from __future__ import annotations

from support.models.maker import LARGEST, Maker
from support.random_models import random_elementwise as elementwise
from support.random_models import random_layout as layout
from support.random_models import random_reduction as reduction
from support.random_models import random_weighted as weighted
from support.random_models.random_graphs import Layer

# Several times what such networks are made of, and once each of what lies between.
_LAYERS: tuple[Layer, ...] = (
    *(weighted.pointwise, weighted.depthwise, weighted.conv) * 4,
    weighted.padded_conv,
    reduction.max_pool,
    reduction.average_pool,
    elementwise.relu,
    elementwise.relu6,
    elementwise.leaky_relu,
    elementwise.prelu,
    elementwise.requantize,
    elementwise.excite,
    *(elementwise.add,) * 3,
    elementwise.mul,
    layout.concatenate,
    layout.transpose,
    layout.pad,
)


def sparse_graph(seed: int, dtype: str | None = None) -> bytes:
    """A convolution, 1 to 7 layers, and a dense layer or convolution that reads their channels."""
    m = Maker(seed, sparse=True)
    m.dtype = dtype or str(m.pick(("int8", "int8", "int8", "int16")))
    image = m.value((1, m.number(2, 8), m.number(2, 8), m.number(1, 5)))
    value = weighted.pointwise(m, image)
    for _ in range(m.number(1, 7)):
        m.values.append(value)
        layers = (reduction.mean,) if value.elements > LARGEST else _LAYERS
        chosen: Layer = m.pick(layers)
        following = chosen(m, value)
        # A mean over channels, or a layout that is no image, ends the row.
        value = following
        if len(value.shape) != 4:
            break
    last: Layer = m.pick((weighted.dense, weighted.pointwise, weighted.conv))
    value = last(m, value) if len(value.shape) == 4 else weighted.dense(m, value)
    if value.shape[0] != 1:
        value = m.reshaped(value, (1, *value.shape))
    return m.writer.finish([image.index], [value.index])
