"""LSTM: what TensorFlow's converter knows as Keras' layer, and makes one operator of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.series import activations, directions, joined, series, turned
from emgdeploy.convert.lowering.value import Value, rescaled
from emgdeploy.convert.names import plain

# ONNX keeps input, output, forget, cell; Keras takes input, forget, cell, output.
_GATES = (0, 2, 3, 1)
_USUAL = ["Sigmoid", "Tanh", "Tanh"]


@lowers("LSTM")
def lower_lstm(node: Node) -> tuple[Value, ...]:
    """All steps' outputs (steps, directions, 1, units), and the last ones (directions, 1, units)."""
    import tensorflow as tf

    backward = directions(node, (5, 6), "peepholes")
    _check_gates(node)
    image = series(node)
    steps = image.shape[1]
    units = node.constant(2).shape[-1]
    made = [
        _layer(turned(image, back), f"{node.name}_{k}", *_weights(node, k, units))
        for k, back in enumerate(backward)
    ]
    ahead = [turned(y, back) for y, back in zip(made, backward, strict=True)]
    last = [y[:, -1, :] for y in made]
    together = len(made) > 1
    return (
        joined(tf.concat(ahead, -1) if together else ahead[0], (steps, len(made), 1, units), (0, 1, 3)),
        joined(tf.concat(last, -1) if together else last[0], (len(made), 1, units), (0, 2)),
    )


def _check_gates(node: Node) -> None:
    given = [name.lower() for name in activations(node)]
    usual = given == [a.lower() for a in _USUAL] * (len(given) // len(_USUAL))
    if not usual or node.integer("input_forget", 0) or node.number("clip", 0.0):
        raise node.fail("has other gates than PyTorch's nn.LSTM")


def _weights(node: Node, direction: int, units: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Keras' kernel (depth, 4 units), recurrent kernel (units, 4 units) and bias (4 units)."""

    def ordered(rows: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([rows[g * units : (g + 1) * units] for g in _GATES])

    kernel, recurrent = (ordered(node.constant(p)[direction]).T for p in (1, 2))
    bias = node.optional_constant(3)
    both = np.zeros(8 * units, np.float32) if bias is None else bias[direction]
    return kernel, recurrent, ordered(both[: 4 * units]) + ordered(both[4 * units :])


def _layer(image: Any, name: str, kernel: NDArray[Any], recurrent: NDArray[Any], bias: NDArray[Any]) -> Any:
    """All steps' outputs (1, steps, units), in their order.

    The attributes and the signature are those by which the converter recognises the layer.
    Source: ConvertKerasLSTMLayer in lite/utils/lstm_utils.cc of tensorflow/tensorflow.
    """
    import tensorflow as tf

    def body(inputs: Any, init_h: Any, init_c: Any, kernel: Any, recurrent_kernel: Any, bias: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            i, f, g, o = tf.split(x @ kernel + state[0] @ recurrent_kernel + bias, 4, axis=1)
            c = tf.sigmoid(f) * state[1] + tf.sigmoid(i) * tf.tanh(g)
            return tf.sigmoid(o) * tf.tanh(c), c

        steps = tf.transpose(inputs, (1, 0, 2))
        h, c = tf.scan(step, steps, (init_h, init_c))
        return h[-1], tf.transpose(h, (1, 0, 2)), h[-1], c[-1], tf.constant(1.0)

    attributes = {
        "api_implements": f"lstm_{plain(name)}".replace("/", "_"),
        "api_preferred_device": "CPU",
        "go_backwards": False,
        "time_major": False,
    }
    units = recurrent.shape[0]
    function = tf.function(body, autograph=False, experimental_attributes=attributes)
    zeros = tf.zeros((1, units))
    constants = (tf.constant(np.asarray(a, np.float32)) for a in (kernel, recurrent, bias))
    # Else a joint with other tensors would rename the layer's scale without a change of its numbers.
    return rescaled(function(image, zeros, zeros, *constants)[1])
