"""GRU and RNN: a loop over the steps, in whose body every number has a range of its own.

Input and state lie side by side in one int8 tensor, so that one dense layer sums over both without a rounding
between. For that the input is brought to the state's steps, and the weights make up for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import recurrence
from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.series import activations, directions, joined, series, turned
from emgdeploy.convert.lowering.value import Value
from emgdeploy.convert.recurrence import FROM_INPUT, FROM_STATE, GATES, INPUT, NEW, STATE, Weights
from emgdeploy.nets.ranges import HIGHEST, Range, covering

# What TFLite gives tanh; a GRU's state is a mean of such numbers.
_TANH = Range(1 / 128, 0)
_SHARE = covering(0.0, 1.0)
_STARTS = (5,)

Step = Callable[[Any, Any], Any]
"""One step: the rows of this step by name, and the state (1, units), to the next state."""


@lowers("GRU")
def lower_gru(node: Node) -> tuple[Value, ...]:
    """All steps' outputs (steps, directions, 1, units), and the last ones (directions, 1, units)."""
    given = [name.lower() for name in activations(node)]
    if given != ["sigmoid", "tanh"] * (len(given) // 2) or node.number("clip", 0.0):
        raise node.fail("has other gates than PyTorch's nn.GRU")
    late = bool(node.integer("linear_before_reset", 0))
    return _directions(node, lambda layer: layer.gru_late() if late else layer.gru(), _TANH)


@lowers("RNN")
def lower_rnn(node: Node) -> tuple[Value, ...]:
    """The same of a layer without gates, of tanh or ReLU."""
    given = activations(node)
    if not {name.lower() for name in given} <= {"tanh", "relu"} or node.number("clip", 0.0):
        raise node.fail("has another activation than tanh or ReLU")
    seen = [node.inside.get(recurrence.part(node.outputs, k, STATE)) for k in range(2)]
    state = _centred([one for one in seen if one]) if "relu" in map(str.lower, given) else _TANH
    return _directions(node, lambda layer: layer.rnn(recurrence.rectified(given, layer.direction)), state)


def _directions(node: Node, build: Callable[[_Layer], Any], state: Range) -> tuple[Value, ...]:
    """Each direction as `build` makes it, all their states in one range."""
    import tensorflow as tf

    backward = directions(node, _STARTS)
    image = series(node)
    steps = image.shape[1]
    made = []
    for k, back in enumerate(backward):
        w = recurrence.weights(node.constant(1), node.constant(2), node.optional_constant(3), k)
        rows = tf.reshape(turned(image, back), image.shape[1:])
        made.append(build(_Layer(node, k, w, rows, state)))
    units = w.units
    made = [tf.reshape(y, (1, steps, units)) for y in made]
    ahead = [turned(y, back) for y, back in zip(made, backward, strict=True)]
    last = [y[:, -1, :] for y in made]
    together = len(made) > 1
    values = (
        joined(tf.concat(ahead, -1) if together else ahead[0], (steps, len(made), 1, units), (0, 1, 3)),
        joined(tf.concat(last, -1) if together else last[0], (len(made), 1, units), (0, 2)),
    )
    return tuple(replace(value, range=state) if node.inside else value for value in values)


def _centred(seen: list[Range]) -> Range:
    """A range that holds all of them and is as wide to both sides, for an input that may have any sign."""
    return Range(covering(0.0, 2 * max([max(-one.low, one.high) for one in seen], default=0.0)).scale, 0)


@dataclass(frozen=True)
class _Layer:
    """One direction of a layer: its input (steps, depth), and the range of its state."""

    node: Node
    direction: int
    w: Weights
    image: Any
    state: Range

    def gru(self) -> Any:
        """The reset gate acts on the state."""
        import tensorflow as tf

        units = self.w.units
        gates, new = self._both(slice(0, 2 * units)), self._both(slice(2 * units, None))

        def step(rows: Any, h: Any) -> Any:
            z, r = tf.split(self._gates(gates, rows["x"], h), 2, axis=1)
            n = tf.tanh(self._dense(new, tf.concat([rows["x"], self._held(r * h, _TANH)], 1), NEW))
            return self._mixed(z, n, h)

        return self._loop(step, {"x": self._scaled()})

    def gru_late(self) -> Any:
        """The reset gate acts on the dense layer's answer to the state, as in PyTorch (linear_before_reset)."""
        import tensorflow as tf

        units, w = self.w.units, self.w
        gates, new = self._both(slice(0, 2 * units)), slice(2 * units, None)
        given = self._dense((w.kernel[new].T, w.input_bias[new]), self.image, FROM_INPUT)

        def step(rows: Any, h: Any) -> Any:
            z, r = tf.split(self._gates(gates, rows["x"], h), 2, axis=1)
            answer = self._dense((w.recurrent[new].T, w.state_bias[new]), h, FROM_STATE)
            reset = self._held(r * answer, self._range(FROM_STATE))
            n = tf.tanh(self._held(reset + rows["given"], self._range(NEW)))
            return self._mixed(z, n, h)

        return self._loop(step, {"x": self._scaled(), "given": given})

    def rnn(self, relu: bool) -> Any:
        import tensorflow as tf

        both = self._both(slice(None))

        def step(rows: Any, h: Any) -> Any:
            image = tf.concat([rows["x"], h], 1)
            if relu:
                return self._held(tf.nn.relu(image @ both[0] + both[1]), self.state)
            return tf.tanh(self._dense(both, image, NEW))

        return self._loop(step, {"x": self._scaled()})

    def _loop(self, step: Step, series: dict[str, Any]) -> Any:
        """The state after each step (steps, units)."""
        import tensorflow as tf

        steps, units = self.image.shape[0], self.w.units

        def body(i: Any, h: Any, past: Any) -> Any:
            rows = {name: tf.gather(rows, [i]) for name, rows in series.items()}
            h = self._held(step(rows, self._held(h, self.state)), self.state)
            return i + 1, h, tf.concat([past[1:], h], 0)

        start = (tf.constant(0), tf.zeros((1, units)), tf.zeros((steps, units)))
        return self._held(tf.while_loop(lambda i, h, past: i < steps, body, start)[2], self.state)

    def _gates(self, dense: Any, x: Any, h: Any) -> Any:
        import tensorflow as tf

        return tf.sigmoid(self._dense(dense, tf.concat([x, h], 1), GATES))

    def _mixed(self, z: Any, n: Any, h: Any) -> Any:
        """Between the new state and the last one."""
        new = self._held(self._held(1 - z, _SHARE) * n, _TANH)
        return self._held(new + self._held(z * h, _TANH), _TANH)

    def _scaled(self) -> Any:
        """The input in the state's steps."""
        return self._held(self.image * self._factor(), self.state)

    def _factor(self) -> np.float32:
        seen = self._range(INPUT)
        if seen is None:
            return np.float32(1)
        return np.float32(HIGHEST * self.state.scale / max(-seen.low, seen.high))

    def _both(self, blocks: slice) -> tuple[NDArray[Any], NDArray[Any]]:
        """Weights (depth + units, blocks) and biases for input and state side by side."""
        w = self.w
        kernel = np.concatenate([w.kernel[blocks] / self._factor(), w.recurrent[blocks]], axis=1).T
        return np.ascontiguousarray(kernel), w.input_bias[blocks] + w.state_bias[blocks]

    def _dense(self, weights: tuple[NDArray[Any], NDArray[Any]], image: Any, what: str) -> Any:
        return self._held(image @ weights[0] + weights[1], self._range(what))

    def _range(self, what: str) -> Range | None:
        return self.node.inside.get(recurrence.part(self.node.outputs, self.direction, what))

    def _held(self, tensor: Any, wanted: Range | None) -> Any:
        """The tensor in the steps of a range, in the int8 network alone."""
        import tensorflow as tf

        if wanted is None or not self.node.inside:
            return tensor
        return tf.quantization.fake_quant_with_min_max_args(tensor, wanted.low, wanted.high)
