"""Random convolutions dealt out into a batch, as converters write a dilation where the batch is open."""

from __future__ import annotations

from support.models.maker import LARGEST, Maker, Value
from support.models.tflite_writer import conv_options, depthwise_options
from support.random_models.random_weighted import bias, weights

Shape = tuple[int, ...]
Pair = tuple[int, int]


def dealt_conv(m: Maker, image: Value) -> Value:
    """SPACE_TO_BATCH_ND, a convolution, BATCH_TO_SPACE_ND; a series goes in and out as rank 3."""
    if len(image.shape) not in (3, 4) or image.elements > LARGEST // 2:
        return image
    channels = image.shape[-1]
    if len(image.shape) == 4:
        along, sizes, blocks = None, image.shape[1:3], (m.number(1, 3), m.number(1, 3))
    elif m.chance(0.5):
        along, sizes, blocks = 1, (1, image.shape[1]), (1, m.number(1, 4))
    else:
        along, sizes, blocks = 0, (image.shape[1], 1), (m.number(1, 4), 1)
    ways = [_axis(m, sizes[a], blocks[a], along in (a, None)) for a in (0, 1)]
    kernel, pads, crops = zip(*ways, strict=True)
    inside = [(s + sum(p)) // b for s, p, b in zip(sizes, pads, blocks, strict=True)]
    left = [i - k + 1 for i, k in zip(inside, kernel, strict=True)]
    whole = [n * b - sum(c) for n, b, c in zip(left, blocks, crops, strict=True)]
    dealt = _dealt(m, image, (blocks[0] * blocks[1], *inside, channels), blocks, pads, along)
    summed = _convolved(m, dealt, kernel)
    return _gathered(m, summed, (1, *whole, summed.shape[-1]), blocks, crops, along)


def _axis(m: Maker, size: int, block: int, free: bool) -> tuple[int, Pair, Pair]:
    """Kernel, paddings that make the image divide, and crops that take no more than was padded."""
    if not free:
        return 1, (0, 0), (0, 0)
    kernel = m.number(1, 3)
    before = m.number(0, 2) * block * (kernel > 1)
    after = -(size + before) % block
    while (size + before + after) // block < kernel:
        after += block
    extent = ((size + before + after) // block - kernel + 1) * block
    crop = (min(before, m.number(0, 1)), min(after, m.number(0, 1)))
    return kernel, (before, after), crop if sum(crop) < extent else (0, 0)


def _dealt(
    m: Maker, image: Value, shape: Shape, blocks: Shape, pads: tuple[Pair, ...], along: int | None
) -> Value:
    if along is None:
        inputs = [image.index, m.integers(blocks), m.integers(pads)]
        return m.op("SPACE_TO_BATCH_ND", inputs, m.like(shape, image))
    inputs = [image.index, m.integers([blocks[along]]), m.integers([pads[along]])]
    series = m.op("SPACE_TO_BATCH_ND", inputs, m.like((shape[0], shape[1 + along], shape[3]), image))
    return m.reshaped(series, shape)


def _gathered(
    m: Maker, image: Value, shape: Shape, blocks: Shape, crops: tuple[Pair, ...], along: int | None
) -> Value:
    if along is None:
        inputs = [image.index, m.integers(blocks), m.integers(crops)]
        return m.op("BATCH_TO_SPACE_ND", inputs, m.like(shape, image))
    series = m.reshaped(image, (image.shape[0], image.shape[1 + along], image.shape[3]))
    inputs = [series.index, m.integers([blocks[along]]), m.integers([crops[along]])]
    return m.op("BATCH_TO_SPACE_ND", inputs, m.like((1, shape[1 + along], shape[3]), image))


def _convolved(m: Maker, image: Value, kernel: Shape) -> Value:
    shape = (image.shape[0], *(d - k + 1 for d, k in zip(image.shape[1:3], kernel, strict=True)))
    if m.chance(0.5):
        channels = m.number(1, 6)
        made, scales = weights(m, (channels, *kernel, image.shape[3]), 0)
        kind, table = "CONV_2D", conv_options((1, 1), (1, 1), False, m.activation())
    else:
        channels = image.shape[3]
        made, scales = weights(m, (1, *kernel, channels), 3)
        kind, table = "DEPTHWISE_CONV_2D", depthwise_options((1, 1), (1, 1), False, 1, m.activation())
    out = m.value((*shape, channels), image.spread * float(scales.mean()) * 200)
    return m.op(kind, [image.index, made, bias(m, image, scales, channels)], out, table)
