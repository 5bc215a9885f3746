"""A batch in the middle of a network: one layer over several parts of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx_nets import Net, answers, numbers

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert import methods, onnxrun, quantize, whole
from emgdeploy.convert.lowering import program
from emgdeploy.convert.pipeline import int8_logits
from emgdeploy.convert.reference import Reference
from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite

Layer = Callable[[Net, str], str]
SEQUENCES, IMAGES = (4, 3, 16), (4, 7, 9)


def conv(*kernel: int, channels: int, **how: Any) -> Layer:
    return lambda net, x: net.add("Conv", [x, numbers(5, channels, *kernel), numbers(5)], **how)


def pool(op: str, **how: Any) -> Layer:
    return lambda net, x: net.add(op, [net.add("Relu", [x])], **how)


def norm(net: Net, x: str) -> str:
    rectified = net.add("Relu", [conv(3, channels=3)(net, x)])
    parameters = (abs(numbers(5, seed=i)) + 0.5 for i in range(4))
    return net.add("BatchNormalization", [rectified, *parameters])


# name -> (window, a batch of its parts, the layer)
CASES: dict[str, tuple[tuple[int, ...], tuple[int, ...], Layer]] = {
    "sequences": (SEQUENCES, SEQUENCES, conv(3, channels=3)),
    "padded sequences in steps": (SEQUENCES, SEQUENCES, conv(5, channels=3, pads=[2, 2], strides=[2])),
    "dilated sequences": (SEQUENCES, SEQUENCES, conv(3, channels=3, dilations=[2], pads=[4, 0])),
    "pooled sequences": (SEQUENCES, SEQUENCES, pool("MaxPool", kernel_shape=[2], strides=[2])),
    "normalised sequences": (SEQUENCES, SEQUENCES, norm),
    "images": (IMAGES, (4, 1, 7, 9), conv(3, 3, channels=1)),
    "padded images": (IMAGES, (4, 1, 7, 9), conv(3, 3, channels=1, pads=[1, 1, 1, 1])),
    "images in steps": (IMAGES, (4, 1, 7, 9), conv(4, 3, channels=1, pads=[1, 0, 2, 1], strides=[3, 2])),
    "images in long steps": (IMAGES, (4, 1, 7, 9), conv(1, 2, channels=1, strides=[3, 1])),
    "dilated images": (IMAGES, (4, 1, 7, 9), conv(3, 3, channels=1, pads=[2, 2, 2, 2], dilations=[2, 2])),
    "pooled images": (IMAGES, (4, 1, 7, 9), pool("MaxPool", kernel_shape=[2, 2], strides=[2, 2])),
    "padded pools": (
        IMAGES,
        (4, 1, 7, 9),
        pool("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    ),
    "means of images": (IMAGES, (4, 1, 7, 9), pool("AveragePool", kernel_shape=[2, 3], strides=[2, 3])),
    "whole images": (IMAGES, (4, 1, 7, 9), pool("GlobalAveragePool")),
}


def network(name: str) -> Net:
    window, parts, layer = CASES[name]
    net = Net(window)
    last = net.add("Relu", [layer(net, net.add("Reshape", ["x", np.array(parts)]))])
    net.add("Reshape", [last, np.array([1, -1])])
    return net


@pytest.mark.parametrize("name", CASES)
def test_a_batch_gives_onnxruntimes_numbers(name: str) -> None:
    answers(network(name)).agree()


@pytest.mark.parametrize(
    "name", ["padded sequences in steps", "images in steps", "padded pools", "whole images"]
)
def test_its_int8_form_is_whole_close_and_compilable(name: str) -> None:
    net = network(name)
    model, x = net.model(), numbers(20, *net.shape)
    lowered = program.lower(model, name, methods.ranges_of(model, x, "minmax", {}))
    tflite = quantize.int8_tflite(lowered)
    assert not list(whole.not_integers(tflite))
    reference = Reference(tflite, keep_tensors=False)
    found, expected = int8_logits(tflite, x, lowered.window_axes), onnxrun.run(model, x, name)
    assert float(np.abs(found - expected).max()) <= 5 * reference.output.scale
    zeros = np.zeros(reference.input.shape[1:], np.int8)
    answer = reference.run(zeros[np.newaxis])[0]
    options = CodegenOptions(known_answer=(zeros, answer), optimize="balanced", isa="portable", header={})
    assert "emg_model_run" in generate(read_tflite(tflite), options).files["model.c"]


def test_a_mean_over_the_batch_closes_it() -> None:
    net = Net(SEQUENCES)
    parts = net.add("Relu", [conv(3, channels=3)(net, net.add("Reshape", ["x", np.array(SEQUENCES)]))])
    over_time = net.add("ReduceMean", [parts], axes=[2], keepdims=0)
    net.add("Gemm", [net.add("ReduceMean", [over_time], axes=[0], keepdims=1), numbers(5, 3), numbers(3)])
    answers(net).agree()


def test_pools_that_pad_negative_images_are_refused() -> None:
    net = Net(IMAGES)
    net.add(
        "MaxPool", [net.add("Reshape", ["x", np.array((4, 1, 7, 9))])], kernel_shape=[3, 3], pads=[1, 1, 1, 1]
    )
    with pytest.raises(InputError, match="pads the images of a batch"):
        program.lower(net.model(), "net")
