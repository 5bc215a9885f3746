"""Convolutions and pools of every geometry, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx_nets import Net, answers, numbers

from emgdeploy.errors import InputError

EXAMPLES = 25


@st.composite
def geometry(draw: st.DrawFn, dilations: bool = True) -> dict[str, Any]:
    """Spatial sizes and window attributes of an image or a sequence."""
    n = draw(st.sampled_from([1, 2, 2]))
    kernel = [draw(st.integers(1, 4)) for _ in range(n)]
    dilation = [draw(st.integers(1, 2)) if dilations else 1 for _ in range(n)]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    stride = [draw(st.integers(1, 3)) for _ in range(n)]
    pads = [draw(st.integers(0, r // 2)) for r in reach] + [draw(st.integers(0, r // 2)) for r in reach]
    size = [draw(st.integers(r, r + 7)) for r in reach]
    found = {"kernel_shape": kernel, "strides": stride, "pads": pads}
    return {"size": size, "attributes": found | ({"dilations": dilation} if dilations else {})}


@settings(max_examples=EXAMPLES, deadline=None)
@given(geometry(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.booleans())
def test_convolutions_agree(
    shape: dict[str, Any], groups: int, inputs: int, outputs: int, bias: bool
) -> None:
    attributes = shape["attributes"]
    net = Net((groups * inputs, *shape["size"]))
    weights = numbers(groups * outputs, inputs, *attributes["kernel_shape"])
    operands = ["x", weights, numbers(groups * outputs)] if bias else ["x", weights]
    net.add("Conv", operands, group=groups, **attributes)
    found = answers(net)
    found.agree()
    assert "TRANSPOSE" not in found.body


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(geometry(), st.integers(1, 2), st.integers(1, 2), st.integers(0, 2), st.booleans())
def test_transposed_convolutions_agree(
    shape: dict[str, Any], groups: int, outputs: int, more: int, bias: bool
) -> None:
    attributes = shape["attributes"]
    strides, pads, n = attributes["strides"], attributes["pads"], len(shape["size"])
    extra = [min(more, s - 1) for s in strides]
    reach = [
        (k - 1) * d + 1 for k, d in zip(attributes["kernel_shape"], attributes["dilations"], strict=True)
    ]
    left = [
        (i - 1) * s + r + e - a - b
        for i, s, r, e, a, b in zip(shape["size"], strides, reach, extra, pads[:n], pads[n:], strict=True)
    ]
    assume(min(left) > 0)
    net = Net((2 * groups, *shape["size"]))
    weights = numbers(2 * groups, outputs, *attributes["kernel_shape"])
    operands = ["x", weights, numbers(groups * outputs)] if bias else ["x", weights]
    net.add("ConvTranspose", operands, group=groups, output_padding=extra, **attributes)
    answers(net).agree()


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ({"auto_pad": "SAME_UPPER", "strides": [2]}, 18),
        ({"auto_pad": "SAME_LOWER", "strides": [3]}, 27),
        ({"output_shape": [17], "strides": [2]}, 17),
    ],
)
def test_a_transposed_convolution_of_a_wanted_size(attributes: dict[str, Any], size: int) -> None:
    net = Net((3, 9))
    net.add("ConvTranspose", ["x", numbers(3, 2, 4)], **attributes)
    found = answers(net)
    found.agree()
    assert found.lowered.shape[1] == 2 * size


@settings(max_examples=EXAMPLES, deadline=None)
@given(geometry(dilations=False), st.booleans())
def test_max_pools_after_an_activation_agree(shape: dict[str, Any], ceil: bool) -> None:
    net = Net((2, *shape["size"]))
    net.add("MaxPool", [net.add("Relu", ["x"])], ceil_mode=int(ceil), **shape["attributes"])
    answers(net).agree()


@settings(max_examples=EXAMPLES, deadline=None)
@given(geometry(dilations=False))
def test_average_pools_that_count_their_padding_agree(shape: dict[str, Any]) -> None:
    net = Net((2, *shape["size"]))
    net.add("AveragePool", ["x"], count_include_pad=1, **shape["attributes"])
    answers(net).agree()


@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 3)])
def test_max_pools_of_negative_values_never_see_their_padding(size: int, kernel: int, stride: int) -> None:
    net = Net((2, size, size))
    below = net.add("Add", ["x", np.float32(-9)])
    p = kernel // 2
    net.add("MaxPool", [below], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[p] * 4)
    found = answers(net)
    found.agree()
    assert float(found.lowered.max()) < 0
    assert "PAD" not in found.body


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(geometry(dilations=False), st.booleans())
def test_max_pools_of_negative_values_agree(shape: dict[str, Any], ceil: bool) -> None:
    net = Net((2, *shape["size"]))
    net.add("MaxPool", [net.add("Add", ["x", np.float32(-9)])], ceil_mode=int(ceil), **shape["attributes"])
    answers(net).agree()


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(geometry(dilations=False), st.booleans(), st.booleans())
def test_averages_of_any_padding_agree(shape: dict[str, Any], ceil: bool, counts: bool) -> None:
    net = Net((2, *shape["size"]))
    net.add("AveragePool", ["x"], ceil_mode=int(ceil), count_include_pad=int(counts), **shape["attributes"])
    answers(net).agree()


@pytest.mark.parametrize("auto", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("op", ["Conv", "AveragePool"])
def test_automatic_padding_agrees(auto: str, op: str) -> None:
    net = Net((2, 8, 9))
    operands = ["x", numbers(3, 2, 3, 3)] if op == "Conv" else ["x"]
    count: dict[str, Any] = {} if op == "Conv" else {"count_include_pad": 0 if auto == "SAME_UPPER" else 1}
    net.add(op, operands, kernel_shape=[3, 3], strides=[2, 2], auto_pad=auto, **count)
    answers(net).agree()


def test_averages_without_padding_where_same_can_say_it() -> None:
    net = Net((2, 7, 7))
    net.add("AveragePool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    found = answers(net)
    found.agree()
    assert found.body == ["AVERAGE_POOL_2D"]


@pytest.mark.parametrize(("size", "ops"), [(7, ["CONV_2D"]), (8, ["PAD", "CONV_2D"])])
def test_padding_is_explicit_only_where_same_does_not_say_it(size: int, ops: list[str]) -> None:
    net = Net((2, size, size))
    net.add("Conv", ["x", numbers(3, 2, 3, 3)], strides=[2, 2], pads=[1, 1, 1, 1])
    assert answers(net).body == ops


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 5), st.integers(2, 6), st.integers(1, 6))
def test_global_pools_agree(channels: int, height: int, width: int) -> None:
    assume(height * width > 1)
    for op, ops in (("GlobalAveragePool", ["MEAN"]), ("GlobalMaxPool", ["MAX_POOL_2D"])):
        net = Net((channels, height, width))
        net.add(op, ["x"])
        found = answers(net)
        found.agree()
        assert found.body == ops


@pytest.mark.parametrize(
    "attributes",
    [
        {"strides": [0, 1]},
        {"pads": [-1, 0, 0, 0]},
        {"dilations": [2, 2], "kernel_shape": [3, 3], "strides": [9, 9], "pads": [0, 0, 0]},
        {"group": 3},
    ],
)
def test_impossible_windows_are_bad_input(attributes: dict[str, Any]) -> None:
    net = Net((4, 6, 6))
    net.add("Conv", ["x", numbers(4, 4, 3, 3)], **attributes)
    with pytest.raises(InputError):
        answers(net)
