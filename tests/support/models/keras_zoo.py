"""Small networks as people write them in Keras, and what TensorFlow's converter makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from emgdeploy.convert import packages

# A network from its input, and the shape of that.
Network = tuple[tuple[int, ...], Callable[[Any, Any], Any]]


def _residual_series(layers: Any, x: Any) -> Any:
    """A temporal convolutional network: dilated and causal, its last step classified."""
    for dilation in (1, 2, 4):
        y = layers.Conv1D(8, 3, dilation_rate=dilation, padding="causal", activation="relu")(x)
        y = layers.Conv1D(8, 3, dilation_rate=dilation, padding="causal")(y)
        x = layers.Conv1D(8, 1)(x) if x.shape[-1] != 8 else x
        x = layers.ReLU()(layers.Add()([x, y]))
    return layers.Dense(5)(layers.Lambda(lambda t: t[:, -1, :])(x))


def _gated_series(layers: Any, x: Any) -> Any:
    """Gates of tanh and sigmoid over one dilated input, as in WaveNet."""
    x = layers.Conv1D(8, 2, padding="causal")(x)
    skips = []
    for dilation in (1, 2, 4):
        settings = {"dilation_rate": dilation, "padding": "causal"}
        gate = layers.Conv1D(8, 2, activation="sigmoid", **settings)(x)
        z = layers.Multiply()([layers.Conv1D(8, 2, activation="tanh", **settings)(x), gate])
        skips.append(layers.Conv1D(8, 1)(z))
        x = layers.Add()([x, skips[-1]])
    y = layers.GlobalAveragePooling1D()(layers.ReLU()(layers.Add()(skips)))
    return layers.Dense(4, activation="softmax")(y)


def _separable_series(layers: Any, x: Any) -> Any:
    x = layers.SeparableConv1D(8, 3, padding="same", activation="relu")(x)
    x = layers.SeparableConv1D(8, 3, strides=2, depth_multiplier=2)(x)
    return layers.Dense(4)(layers.GlobalMaxPooling1D()(x))


def _slopes_and_pools(layers: Any, x: Any) -> Any:
    """PReLU and max pooling, as in EffiE."""
    slopes = {"alpha_initializer": "random_uniform", "shared_axes": [1, 2]}
    for channels in (8, 12):
        x = layers.BatchNormalization()(layers.Conv2D(channels, 3, padding="same")(x))
        x = layers.MaxPooling2D(2)(layers.PReLU(**slopes)(x))
    return layers.Dense(5, activation="softmax")(layers.Dense(10, activation="relu")(layers.Flatten()(x)))


def _mobile(layers: Any, x: Any) -> Any:
    """MobileNetV3: hard swish, squeeze and excite, residuals."""
    x = layers.Activation("hard_silu")(layers.Conv2D(8, 3, strides=2, padding="same")(x))
    for channels, stride in ((8, 1), (12, 2)):
        y = layers.Activation("hard_silu")(layers.Conv2D(24, 1)(x))
        y = layers.DepthwiseConv2D(3, strides=stride, padding="same")(y)
        y = layers.Conv2D(channels, 1)(_excited(layers, layers.Activation("hard_silu")(y)))
        x = layers.Add()([x, y]) if stride == 1 else y
    return layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def _excited(layers: Any, x: Any) -> Any:
    y = layers.Conv2D(4, 1, activation="relu")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    return layers.Multiply()([x, layers.Conv2D(x.shape[-1], 1, activation="hard_sigmoid")(y)])


def _branches(layers: Any, x: Any) -> Any:
    """Inception: four ways side by side, joined."""
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    ways = [
        layers.Conv2D(4, 1, activation="gelu")(x),
        layers.Conv2D(6, 3, dilation_rate=2, padding="same", groups=2)(x),
        layers.Conv2D(5, 5, padding="same", activation="tanh")(x),
        layers.Conv2D(3, 1)(layers.MaxPooling2D(3, strides=1, padding="same")(x)),
    ]
    y = layers.AveragePooling2D(2)(layers.Concatenate()(ways))
    return layers.Dense(6, activation="softmax")(layers.Flatten()(y))


def _compared(layers: Any, x: Any) -> Any:
    """Maximum, minimum and difference of two ways, and pools over all of them."""
    a, b = layers.Conv2D(6, 1)(x), layers.Conv2D(6, 3, padding="same", activation="relu6")(x)
    y = layers.Subtract()([layers.Maximum()([a, b]), layers.Minimum()([a, b])])
    ends = [layers.GlobalAveragePooling2D()(y), layers.GlobalMaxPooling2D()(y)]
    return layers.Dense(4)(layers.Concatenate()(ends))


def _halves(layers: Any, x: Any) -> Any:
    """Channels split, one half convolved, and rows cropped."""
    x = layers.Conv2D(8, 3, padding="same")(layers.ZeroPadding2D(1)(x))
    a, b = layers.Lambda(lambda t: packages.tensorflow().split(t, 2, axis=-1))(x)
    x = layers.Concatenate()([layers.DepthwiseConv2D(3, padding="same")(a), b])
    return layers.Dense(3)(layers.Flatten()(layers.Cropping2D(1)(x)))


def _autoencoder(layers: Any, x: Any) -> Any:
    for units in (16, 4, 16):
        x = layers.Dense(units, activation="relu")(x)
    return layers.Dense(64)(x)


ZOO: dict[str, Network] = {
    "residual series": ((24, 4), _residual_series),
    "gated series": ((24, 4), _gated_series),
    "separable series": ((30, 4), _separable_series),
    "slopes and pools": ((8, 16, 1), _slopes_and_pools),
    "mobile": ((16, 16, 2), _mobile),
    "branches": ((10, 10, 2), _branches),
    "compared": ((8, 8, 3), _compared),
    "halves": ((6, 6, 2), _halves),
    "autoencoder": ((64,), _autoencoder),
}
# How the converter may be asked; the first four give what can be built.
FORMS = ("float ends", "int8 ends", "uint8 ends", "16x8", "dynamic range", "float16", "float32")
# No 16x8 kernel, or none that the converter knows.
WITHOUT_16X8 = frozenset({"slopes and pools", "mobile", "branches"})


def keras_tflite(name: str, form: str = "float ends", batch: int | None = None) -> bytes:
    """One network of the zoo, of random weights, converted; the batch is left open unless given."""
    shape, network = ZOO[name]
    with packages.muted():
        tf = packages.tensorflow()
        tf.keras.utils.set_random_seed(7)
        image = tf.keras.Input(shape, batch_size=batch)
        model = tf.keras.Model(image, network(tf.keras.layers, image))
        return convert(tf, model, shape, form)


def convert(tf: Any, model: Any, shape: tuple[int, ...], form: str) -> bytes:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if form != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if form in FORMS[:4]:
        converter.representative_dataset = lambda: _windows(shape)
        sets = tf.lite.OpsSet
        wide = sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.target_spec.supported_ops = [wide if form == "16x8" else sets.TFLITE_BUILTINS_INT8]
    if form in ("int8 ends", "uint8 ends"):
        ends = tf.int8 if form == "int8 ends" else tf.uint8
        converter.inference_input_type = converter.inference_output_type = ends
    return bytes(converter.convert())


def _windows(shape: tuple[int, ...]) -> Iterator[list[np.ndarray[Any, Any]]]:
    rng = np.random.default_rng(0)
    for _ in range(20):
        yield [rng.normal(size=(1, *shape)).astype(np.float32)]
