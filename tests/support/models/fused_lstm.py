"""LSTM networks through TensorFlow's converter, as functions of the signature by which it knows Keras' layer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from emgdeploy.convert import packages

STEPS, FEATURES, CLASSES = 12, 5, 4


def fused_lstm(form: str) -> bytes:
    """An int8 .tflite: the "last" step classified, "stacked", "backward" or "bidirectional", or "time major"."""
    with packages.muted(), tempfile.TemporaryDirectory() as folder:
        tf = packages.tensorflow()
        module = tf.Module()
        network = _FORMS[form](tf, np.random.default_rng(3))
        signature = [tf.TensorSpec((1, STEPS, FEATURES), tf.float32)]
        module.network = tf.function(network, input_signature=signature, autograph=False)
        # Only this way do functions keep their names, by which the converter finds them.
        tf.saved_model.save(module, folder, signatures=module.network.get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = _windows
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def _windows() -> Iterator[list[Any]]:
    rng = np.random.default_rng(1)
    for _ in range(20):
        yield [rng.normal(size=(1, STEPS, FEATURES)).astype(np.float32)]


def _layer(
    tf: Any, rng: Any, depth: int, units: int, back: bool = False, time_major: bool = False
) -> Callable[[Any], Any]:
    """A layer's whole output; Keras hands over its weights in the order input, forget, cell, output."""
    sizes = ((depth, 4 * units), (units, 4 * units), (4 * units,))
    kernel, recurrent, bias = (tf.constant(rng.normal(size=s).astype(np.float32) * 0.6) for s in sizes)
    axis = 0 if time_major else 1

    def body(inputs: Any, init_h: Any, init_c: Any, kernel: Any, recurrent_kernel: Any, bias: Any) -> Any:
        h, c, outputs = init_h, init_c, []
        steps = tf.unstack(inputs, axis=axis)
        for x in reversed(steps) if back else steps:
            i, f, g, o = tf.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=1)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
            outputs.append(h)
        return h, tf.stack(outputs, axis=axis), h, c, tf.constant(1.0)

    attributes = {
        "api_implements": f"lstm_{depth}_{units}_{back}_{time_major}",
        "api_preferred_device": "CPU",
        "go_backwards": back,
        "time_major": time_major,
    }
    function = tf.function(body, autograph=False, experimental_attributes=attributes)
    zeros = tf.zeros((1, units))
    return lambda x: function(x, zeros, zeros, kernel, recurrent, bias)[1]


def _classified(tf: Any, rng: Any, last: Any) -> Any:
    return tf.matmul(last, tf.constant(rng.normal(size=(last.shape[-1], CLASSES)).astype(np.float32)))


def _last(tf: Any, rng: Any) -> Callable[[Any], Any]:
    layer = _layer(tf, rng, FEATURES, 8)
    return lambda x: _classified(tf, rng, layer(x)[:, -1, :])


def _stacked(tf: Any, rng: Any) -> Callable[[Any], Any]:
    first, second = _layer(tf, rng, FEATURES, 8), _layer(tf, rng, 8, 6)
    return lambda x: _classified(tf, rng, second(first(x))[:, -1, :])


def _backward(tf: Any, rng: Any) -> Callable[[Any], Any]:
    layer = _layer(tf, rng, FEATURES, 8, back=True)
    return lambda x: _classified(tf, rng, tf.reshape(layer(x), (1, STEPS * 8)))


def _bidirectional(tf: Any, rng: Any) -> Callable[[Any], Any]:
    ahead, back = _layer(tf, rng, FEATURES, 8), _layer(tf, rng, FEATURES, 7, back=True)

    def network(x: Any) -> Any:
        both = tf.concat([ahead(x), tf.reverse(back(x), [1])], axis=-1)
        return _classified(tf, rng, tf.reduce_mean(both, axis=1))

    return network


def _time_major(tf: Any, rng: Any) -> Callable[[Any], Any]:
    layer = _layer(tf, rng, FEATURES, 8, time_major=True)
    return lambda x: _classified(tf, rng, layer(tf.transpose(x, [1, 0, 2]))[-1])


_FORMS: dict[str, Callable[[Any, Any], Callable[[Any], Any]]] = {
    "last": _last,
    "stacked": _stacked,
    "backward": _backward,
    "bidirectional": _bidirectional,
    "time major": _time_major,
}
FORMS = tuple(_FORMS)
