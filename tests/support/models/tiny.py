"""The smallest models that are still models, for tests of everything around them."""

from __future__ import annotations

import numpy as np

from support.models.tflite_writer import ModelWriter, conv_options, options

INPUT_SHAPE = (4, 6, 1)


def tiny_tflite(classes: int = 3, seed: int = 0) -> bytes:
    """A convolution and a dense layer, int8: input (1, 4, 6, 1), output (1, classes)."""
    rng = np.random.default_rng(seed)
    model = ModelWriter()
    x = model.tensor((1, *INPUT_SHAPE), scale=0.02, zero_point=-3, name="window")
    kernel = rng.integers(-127, 128, (2, 3, 3, 1), dtype=np.int8)
    weights = model.tensor(kernel.shape, scale=[0.01, 0.02], data=kernel)
    bias = model.tensor((2,), "int32", scale=[0.0002, 0.0004], data=np.array([40, -90], np.int32))
    image = model.tensor((1, 4, 6, 2), scale=0.05, zero_point=2)
    model.op("CONV_2D", [x, weights, bias], image, conv_options((1, 1), (1, 1), same=True))
    dense = rng.integers(-127, 128, (classes, 48), dtype=np.int8)
    dense_weights = model.tensor(dense.shape, scale=0.01, data=dense)
    dense_bias = model.tensor((classes,), "int32", scale=0.0005, data=np.zeros(classes, np.int32))
    y = model.tensor((1, classes), scale=0.2, zero_point=0, name="logits")
    chosen = options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False)
    model.op("FULLY_CONNECTED", [image, dense_weights, dense_bias], y, chosen)
    return model.finish([x], [y])
