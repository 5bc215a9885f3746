"""Weights of four output channels and their constants, in the order in which the vector kernels read them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.mve.vector_form import VectorForm

VECTOR = 16
QUAD = 4
# Biases, multipliers and shifts of four channels.
CONSTANT_BYTES = 3 * 4 * QUAD


def woven(
    matrix: NDArray[np.int64],
    form: VectorForm,
    order: Callable[[NDArray[np.int8]], NDArray[np.int8]],
) -> NDArray[np.int32]:
    """Quad by quad its weights, then its constants.

    `order` gets the weights as [quad, channel, block, byte], filled up with zeros, and returns them
    with the quad still first.
    """
    channels, taps = matrix.shape
    quads, blocks = -(-channels // QUAD), -(-taps // VECTOR)
    filled = np.zeros((quads * QUAD, blocks * VECTOR), np.int8)
    filled[:channels, :taps] = matrix
    weights = order(filled.reshape(quads, QUAD, blocks, VECTOR))
    words = np.ascontiguousarray(weights).reshape(quads, -1).view(np.int32)
    return np.concatenate([words, constants(form).reshape(quads, -1)], axis=1).reshape(-1)


def constants(form: VectorForm) -> NDArray[np.int32]:
    """For each four channels their biases, multipliers and shifts; what is missing halves a zero."""
    channels = form.bias.size
    quads = -(-channels // QUAD)
    values = np.zeros((3, quads * QUAD), np.int32)
    values[1:] = [[1], [-1]]
    values[:, :channels] = form.bias, form.multiplier, form.shift
    return values.reshape(3, quads, QUAD).transpose(1, 0, 2).reshape(-1)
