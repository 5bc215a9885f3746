"""Every other operator of the lowering, against onnxruntime."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from onnx_nets import Net, answers, numbers

from emgdeploy.convert import float_rows, islands
from emgdeploy.convert.lowering import operators, program
from emgdeploy.errors import InputError

Build = Callable[[Net], object]
IMAGE = (3, 4, 5)


def _there_and_back(net: Net) -> str:
    last = net.add("Relu", [net.add("Transpose", ["x"], perm=[0, 2, 3, 1])])
    return net.add("Conv", [net.add("Transpose", [last], perm=[0, 3, 1, 2]), numbers(2, 3, 1, 1)])


def _halves(net: Net) -> str:
    """Channels 0 and 1 or 2 of three, one less the other."""
    first = net.add("Split", ["x", np.array([1, 2])], outputs=2, axis=1)
    return net.add("Sub", [f"{first}_1", first])


def _volume(net: Net) -> str:
    """A convolution and a pool over four frames of 4 x 5."""
    frames = net.add("Reshape", ["x", np.array([1, 1, 4, 4, 5])])
    last = net.add("Conv", [frames, numbers(2, 1, 3, 3, 3), numbers(2)], pads=[1, 1, 1, 1, 1, 1])
    return net.add("MaxPool", [last], kernel_shape=[2, 2, 2], strides=[2, 2, 2])


def _pointwise(net: Net, image: str) -> str:
    return net.add("Conv", [image, numbers(3, 2, 1, 1)])


def _rows_and_columns(net: Net) -> str:
    """Sums of two tensors, neither of which has the shape of the result."""
    return net.add("Add", [net.add("ReduceMax", ["x"], axes=[axis]) for axis in (2, 3)])


# name -> (input shape, nodes, the TFLite operators they become)
CASES: dict[str, tuple[tuple[int, ...], Build, list[str]]] = {
    "relu": (IMAGE, lambda n: n.add("Relu", ["x"]), ["RELU"]),
    "relu6": (IMAGE, lambda n: n.add("Clip", ["x", np.float32(0), np.float32(6)]), ["RELU6"]),
    "clip from zero": (IMAGE, lambda n: n.add("Clip", ["x", np.float32(0)]), ["RELU"]),
    "leaky relu": (IMAGE, lambda n: n.add("LeakyRelu", ["x"], alpha=0.3), ["LEAKY_RELU"]),
    "prelu of one slope": (IMAGE, lambda n: n.add("PRelu", ["x", numbers(1)]), ["LEAKY_RELU"]),
    "prelu by channel": (IMAGE, lambda n: n.add("PRelu", ["x", numbers(3, 1, 1)]), ["PRELU"]),
    "clip at both ends": (
        IMAGE,
        lambda n: n.add("Clip", ["x", np.float32(-2), np.float32(3)]),
        ["MAXIMUM", "MINIMUM"],
    ),
    "clip to one": (IMAGE, lambda n: n.add("Clip", ["x", np.float32(0), np.float32(1)]), ["RELU", "MINIMUM"]),
    "clip around zero": (
        IMAGE,
        lambda n: n.add("Clip", ["x", np.float32(-1), np.float32(1)]),
        ["RELU_N1_TO_1"],
    ),
    "tanh": (IMAGE, lambda n: n.add("Tanh", ["x"]), ["TANH"]),
    "hard swish": (IMAGE, lambda n: n.add("HardSwish", ["x"]), ["HARD_SWISH"]),
    "hard sigmoid": (IMAGE, lambda n: n.add("HardSigmoid", ["x"], alpha=1 / 6), ["ADD", "MUL"]),
    "absolute value and exponential": (IMAGE, lambda n: n.add("Exp", [n.add("Abs", ["x"])]), ["ABS", "EXP"]),
    "larger of two": (IMAGE, lambda n: n.add("Max", ["x", n.add("Sigmoid", ["x"])]), ["LOGISTIC", "MAXIMUM"]),
    "smaller than rows": (IMAGE, lambda n: n.add("Min", [numbers(5), "x"]), ["MINIMUM"]),
    "a part": (
        IMAGE,
        lambda n: n.add("Slice", ["x", *(np.array(v) for v in ([1, -1], [9, -9], [1, 3], [1, -2]))]),
        ["STRIDED_SLICE"],
    ),
    "the last column": (IMAGE, lambda n: n.add("Gather", ["x", np.array(-1)], axis=3), ["SLICE"]),
    "one row, kept": (IMAGE, lambda n: n.add("Gather", ["x", np.array([2])], axis=2), ["SLICE"]),
    "places in any order": (
        IMAGE,
        lambda n: n.add("Gather", ["x", np.array([2, -3, 2])], axis=1),
        ["GATHER"],
    ),
    "places in a table": (
        IMAGE,
        lambda n: n.add("Gather", ["x", np.array([[0, 4], [3, 1]])], axis=3),
        ["GATHER"],
    ),
    "neighbours": (IMAGE, lambda n: n.add("Gather", ["x", np.array([1, 2])], axis=2), ["SLICE"]),
    "repeated rows": (IMAGE, lambda n: n.add("Tile", ["x", np.array([1, 1, 2, 1])]), ["TILE"]),
    "expanded features": ((3, 1, 5), lambda n: n.add("Expand", ["x", np.array([3, 4, 1])]), ["TILE"]),
    "joined to a constant": (
        (4, 6),
        lambda n: n.add("Concat", [numbers(1, 1, 6), "x"], axis=1),
        ["CONCATENATION"],
    ),
    "padding by reflection": (
        IMAGE,
        lambda n: n.add("Pad", ["x", np.array([0, 0, 1, 2, 0, 0, 0, 3])], mode="reflect"),
        ["GATHER", "GATHER"],
    ),
    "padding by repetition": (
        (3, 7),
        lambda n: n.add("Pad", ["x", np.array([0, 0, 4, 0, 0, 4])], mode="edge"),
        ["GATHER"],
    ),
    "padding with ones": (
        IMAGE,
        lambda n: n.add("Pad", ["x", np.array([0, 0, 1, 2, 0, 0, 0, 0]), np.float32(1)]),
        ["CONCATENATION", "CONCATENATION"],
    ),
    "averages of what is there": (
        (3, 8, 8),
        lambda n: n.add("AveragePool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        ["PAD", "AVERAGE_POOL_2D", "MUL"],
    ),
    "averages to the end": (
        (3, 8),
        lambda n: n.add("AveragePool", ["x"], kernel_shape=[3], strides=[3], ceil_mode=1),
        ["AVERAGE_POOL_2D"],
    ),
    "a padded maximum": (
        (3, 8),
        lambda n: n.add("MaxPool", ["x"], kernel_shape=[4], strides=[3], pads=[2, 2]),
        ["GATHER", "MAX_POOL_2D"],
    ),
    "pixel shuffle": (
        (8, 3, 2),
        lambda n: _pointwise(n, n.add("DepthToSpace", ["x"], blocksize=2, mode="CRD")),
        ["GATHER", "CONV_2D"],
    ),
    "depth to space": (
        (8, 3, 2),
        lambda n: _pointwise(n, n.add("DepthToSpace", ["x"], blocksize=2)),
        ["CONV_2D"],
    ),
    "space to depth": ((2, 4, 6), lambda n: n.add("SpaceToDepth", ["x"], blocksize=2), []),
    "twice as many": (
        (3, 7),
        lambda n: n.add(
            "Resize",
            ["x", "", np.array([1, 1, 2], np.float32)],
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        ["TILE"],
    ),
    "another size": (
        IMAGE,
        lambda n: n.add(
            "Resize",
            ["x", np.array([], np.float32), np.array([], np.float32), np.array([1, 3, 6, 7])],
            nearest_mode="ceil",
        ),
        ["GATHER", "GATHER"],
    ),
    "a volume": (
        (4, 4, 5),
        lambda n: n.add("GlobalAveragePool", [_volume(n)]),
        ["CONV_2D", "MAX_POOL_2D", "GATHER", "GATHER", "MAXIMUM", "MEAN"],
    ),
    "split channels": (IMAGE, lambda n: _halves(n), ["SLICE", "SLICE", "SUB"]),
    "largest of rows": (IMAGE, lambda n: n.add("ReduceMax", ["x"], axes=[2], keepdims=0), ["REDUCE_MAX"]),
    "smallest of an image": (IMAGE, lambda n: n.add("ReduceMin", ["x"], axes=[2, 3]), ["REDUCE_MIN"]),
    "sigmoid": (IMAGE, lambda n: n.add("Sigmoid", ["x"]), ["LOGISTIC"]),
    "softmax": ((6,), lambda n: n.add("Softmax", ["x"], axis=-1), ["SOFTMAX"]),
    "softmax over channels": (IMAGE, lambda n: n.add("Softmax", ["x"], axis=1), ["SOFTMAX"]),
    "add a number": (IMAGE, lambda n: n.add("Add", ["x", np.float32(0.5)]), ["ADD"]),
    "add by channel": (IMAGE, lambda n: n.add("Add", [numbers(3, 1, 1), "x"]), ["ADD"]),
    "add by column": (IMAGE, lambda n: n.add("Add", ["x", numbers(5)]), ["ADD"]),
    "multiply by row": (IMAGE, lambda n: n.add("Mul", ["x", numbers(4, 1)]), ["MUL"]),
    "multiply by image": (IMAGE, lambda n: n.add("Mul", ["x", numbers(1, 3, 4, 5)]), ["MUL"]),
    "subtract a constant": (IMAGE, lambda n: n.add("Sub", ["x", numbers(3, 1, 1)]), ["ADD"]),
    "subtract from a constant": (IMAGE, lambda n: n.add("Sub", [numbers(5), "x"]), ["SUB"]),
    "places beside a grid": ((6, 1), lambda n: n.add("Sub", ["x", numbers(5)]), ["ADD"]),
    "features beside an image": ((5,), lambda n: n.add("Mul", ["x", numbers(1, 3, 4, 5)]), ["MUL"]),
    "image beside a stack": ((4, 5), lambda n: n.add("Add", [numbers(1, 3, 1, 1), "x"]), ["ADD"]),
    "rows beside columns": (IMAGE, lambda n: _rows_and_columns(n), ["REDUCE_MAX", "REDUCE_MAX", "ADD"]),
    "transposed convolution": (
        IMAGE,
        lambda n: n.add("ConvTranspose", ["x", numbers(3, 2, 2, 2), numbers(2)], strides=[2, 2]),
        ["TRANSPOSE_CONV"],
    ),
    "transposed convolution, cropped": (
        (4, 9),
        lambda n: n.add(
            "Relu",
            [
                n.add(
                    "ConvTranspose",
                    ["x", numbers(4, 3, 3), numbers(6)],
                    group=2,
                    strides=[3],
                    pads=[1, 1],
                    output_padding=[2],
                )
            ],
        ),
        ["TRANSPOSE_CONV", "STRIDED_SLICE", "RELU"],
    ),
    "divide": (IMAGE, lambda n: n.add("Div", ["x", np.float32(3)]), ["MUL"]),
    "add itself": (IMAGE, lambda n: n.add("Add", ["x", n.add("Relu", ["x"])]), ["RELU", "ADD"]),
    "subtract itself": (IMAGE, lambda n: n.add("Sub", [n.add("Relu", ["x"]), "x"]), ["RELU", "SUB"]),
    "scale by channel weights": (
        IMAGE,
        lambda n: n.add("Mul", ["x", n.add("Sigmoid", [n.add("GlobalAveragePool", ["x"])])]),
        ["MEAN", "LOGISTIC", "MUL"],
    ),
    "batch norm": (
        IMAGE,
        lambda n: n.add(
            "BatchNormalization", ["x", *(numbers(3, seed=i) for i in range(3)), abs(numbers(3))]
        ),
        ["DEPTHWISE_CONV_2D"],
    ),
    "batch norm of features": (
        (6,),
        lambda n: n.add(
            "BatchNormalization", ["x", *(numbers(6, seed=i) for i in range(3)), abs(numbers(6))]
        ),
        ["DEPTHWISE_CONV_2D"],
    ),
    "gemm": ((6,), lambda n: n.add("Gemm", ["x", numbers(6, 4), numbers(4)]), ["FULLY_CONNECTED"]),
    "gemm with factors": (
        (6,),
        lambda n: n.add("Gemm", ["x", numbers(4, 6), numbers(1, 4)], transB=1, alpha=0.5, beta=2.0),
        ["FULLY_CONNECTED"],
    ),
    "matmul and add": (
        (6,),
        lambda n: n.add("Add", [n.add("MatMul", ["x", numbers(6, 4)]), numbers(4)]),
        ["FULLY_CONNECTED"],
    ),
    "flatten before gemm": (
        IMAGE,
        lambda n: n.add("Gemm", [n.add("Flatten", ["x"]), numbers(60, 4)]),
        ["RESHAPE", "FULLY_CONNECTED"],
    ),
    "shuffled features": (
        IMAGE,
        lambda n: n.add("MatMul", [n.add("Mul", [n.add("Flatten", ["x"]), numbers(60)]), numbers(60, 4)]),
        ["MUL", "RESHAPE", "FULLY_CONNECTED"],
    ),
    "reshape with 0 and -1": (
        IMAGE,
        lambda n: n.add("Gemm", [n.add("Reshape", ["x", np.array([0, -1])]), numbers(60, 4)]),
        ["RESHAPE", "FULLY_CONNECTED"],
    ),
    "there and back": (IMAGE, lambda n: _there_and_back(n), ["RELU", "CONV_2D"]),
    "a sequence seen as an image": (
        (1, 20),
        lambda n: n.add("Conv", [n.add("Reshape", ["x", np.array([1, 1, 4, 5])]), numbers(2, 1, 3, 3)]),
        ["RESHAPE", "CONV_2D"],
    ),
    "squeeze and unsqueeze": (
        IMAGE,
        lambda n: n.add(
            "Unsqueeze",
            [n.add("Squeeze", [n.add("GlobalAveragePool", ["x"]), np.array([2, 3])]), np.array([2])],
        ),
        ["MEAN", "RESHAPE"],
    ),
    "sum of rows": (
        IMAGE,
        lambda n: n.add("ReduceSum", ["x", np.array([2])], keepdims=1),
        ["MEAN", "MUL", "TRANSPOSE"],
    ),
    "mean of rows": (
        IMAGE,
        lambda n: n.add("ReduceMean", ["x"], axes=[2], keepdims=1),
        ["MEAN", "TRANSPOSE"],
    ),
    "mean over an image": (
        IMAGE,
        lambda n: n.add("ReduceMean", ["x"], axes=[-1, -2], keepdims=0),
        ["MEAN", "RESHAPE"],
    ),
    "mean over a sequence": (
        (3, 8),
        lambda n: n.add("ReduceMean", [n.add("Conv", ["x", numbers(2, 3, 3)])], axes=[2], keepdims=0),
        ["RESHAPE", "CONV_2D", "MEAN", "RESHAPE"],
    ),
    "a product of two tensors": (
        (2, 4, 5),
        lambda n: n.add("MatMul", [n.add("Relu", ["x"]), n.add("Transpose", ["x"], perm=[0, 1, 3, 2])]),
        ["RELU", "BATCH_MATMUL"],
    ),
    "a constant matrix for each channel": (
        (2, 4, 5),
        lambda n: n.add("MatMul", ["x", numbers(2, 5, 3)]),
        ["BATCH_MATMUL"],
    ),
    "a constant matrix from the left": (
        (2, 4, 5),
        lambda n: n.add("MatMul", [numbers(3, 4), "x"]),
        ["BATCH_MATMUL"],
    ),
    "einsum of two tensors": (
        (2, 4, 5),
        lambda n: n.add("Einsum", ["x", n.add("Relu", ["x"])], equation="bhqd,bhkd->bhqk"),
        ["RELU", "BATCH_MATMUL"],
    ),
    "einsum with a matrix for each place": (
        (3, 6),
        lambda n: n.add("Einsum", ["x", numbers(6, 3, 4)], equation="nip,pio->nop"),
        ["BATCH_MATMUL"],
    ),
    "einsum that is a dense layer": (
        (3, 6),
        lambda n: n.add("Einsum", [numbers(4, 6), "x"], equation="op,...p->...o"),
        ["FULLY_CONNECTED"],
    ),
    "join channels": (
        IMAGE,
        lambda n: n.add("GlobalAveragePool", [n.add("Concat", ["x", n.add("Relu", ["x"])], axis=1)]),
        ["RELU", "CONCATENATION", "MEAN", "RESHAPE"],
    ),
    "join rows": (
        IMAGE,
        lambda n: n.add("GlobalMaxPool", [n.add("Concat", ["x", n.add("Relu", ["x"])], axis=-2)]),
        ["RELU", "CONCATENATION", "MAX_POOL_2D", "RESHAPE"],
    ),
    "pad": (
        IMAGE,
        lambda n: n.add("Flatten", [n.add("Pad", ["x", np.array([0, 0, 1, 0, 0, 0, 2, 3])])]),
        ["PAD", "TRANSPOSE", "RESHAPE"],
    ),
    "dropout and identity": (
        IMAGE,
        lambda n: n.add("Relu", [n.add("Identity", [n.add("Dropout", ["x"])])]),
        ["RELU"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_operator_agrees(name: str) -> None:
    shape, build, ops = CASES[name]
    net = Net(shape)
    build(net)
    found = answers(net)
    found.agree()
    without_layout = [op for op in found.ops if op not in ("TRANSPOSE", "RESHAPE")]
    assert without_layout == [op for op in ops if op not in ("TRANSPOSE", "RESHAPE")], found.ops


@pytest.mark.parametrize(
    "name", ["flatten before gemm", "there and back", "reshape with 0 and -1", "shuffled features"]
)
def test_layouts_cost_no_transpose(name: str) -> None:
    shape, build, ops = CASES[name]
    net = Net(shape)
    build(net)
    assert answers(net).body == ops


def test_every_lowering_is_tested() -> None:
    nets = []
    for shape, build, _ in CASES.values():
        net = Net(shape)
        build(net)
        nets.append(net)
    tested = {node.op_type for net in nets for node in net.proto().graph.node}
    # In test_lowering_windows, below, in test_recurrent, test_loops, test_functions and test_normalizations.
    elsewhere = {"Gelu", "GRU", "LSTM", "RNN"} | islands.ONLY_TABLED | float_rows.NORMALIZATIONS
    assert set(operators.supported()) - tested == elsewhere


def test_attributes_of_older_opsets_are_understood() -> None:
    net = Net(IMAGE, opset=10)
    net.add("Clip", [net.add("Pad", ["x"], pads=[0, 0, 1, 1, 0, 0, 0, 0])], min=0.0, max=6.0)
    answers(net).agree()
    net = Net((3, 1, 5), opset=11)
    net.add("Unsqueeze", [net.add("Squeeze", ["x"], axes=[2])], axes=[1])
    answers(net).agree()


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_both_forms_of_gelu(approximate: str) -> None:
    net = Net(IMAGE, opset=20)
    net.add("Gelu", ["x"], approximate=approximate)
    found = answers(net)
    found.agree()
    assert found.ops[0] == "GELU"


def test_means_of_newer_opsets_are_understood() -> None:
    net = Net(IMAGE, opset=18)
    net.add("ReduceMean", ["x", np.array([2, 3])], keepdims=0)
    answers(net).agree()


REFUSED: dict[str, tuple[Build, str]] = {
    "an operator without lowering": (lambda n: n.add("Tan", ["x"]), r"Tan \(tan_0\)"),
    "an empty part": (
        lambda n: n.add("Slice", ["x", np.array([2]), np.array([2]), np.array([2])]),
        "takes nothing",
    ),
    "a split of other sizes": (
        lambda n: n.add("Split", ["x", np.array([3, 3])], outputs=2, axis=2),
        "splits 4",
    ),
    "places here and there": (lambda n: n.add("Gather", ["x", np.array([0, 4])], axis=2), "gathers places"),
    "three to compare": (lambda n: n.add("Max", ["x", "x", "x"]), "compares 3 tensors"),
    "a deep volume": (
        lambda n: n.add(
            "Conv", [n.add("Reshape", ["x", np.array([1, 1, 16, 1, 1])]), numbers(32768, 1, 1, 1, 1)]
        ),
        "computed as an image of 16 channels",
    ),
    "resizing by lines": (
        lambda n: n.add("Resize", ["x", "", np.array([1, 1, 2, 2], np.float32)], mode="linear"),
        "resizes by 'linear'",
    ),
    "padding by unknown means": (
        lambda n: n.add("Pad", ["x", np.array([0, 0, 1, 0, 0, 0, 0, 0])], mode="soft"),
        "pads by 'soft'",
    ),
    "padding by more than there is": (
        lambda n: n.add("Pad", ["x", np.array([0, 0, 4, 0, 0, 0, 0, 0])], mode="reflect"),
        "more than there is",
    ),
    "matrices that do not fit": (
        lambda n: n.add("MatMul", ["x", n.add("Reshape", ["x", np.array([1, 1, 2, 8])])]),
        "do not fit",
    ),
    "a letter that stands twice": (
        lambda n: n.add("Einsum", ["x", numbers(4, 4)], equation="abcc,cd->abd"),
        "none may stand twice",
    ),
    "division by zero": (lambda n: n.add("Div", ["x", np.float32(0)]), "divides by zero"),
    "weights that do not fit": (lambda n: n.add("MatMul", ["x", numbers(7, 2)]), "by weights for 7"),
    "a wrong reshape": (lambda n: n.add("Reshape", ["x", np.array([1, 7])]), "reshapes"),
    "a wrong axis": (lambda n: n.add("Softmax", ["x"], axis=9), "axis 9"),
}


def test_all_operators_without_a_lowering_are_named_at_once() -> None:
    net = Net((1, 4, 4))
    last = net.add("Tan", [net.add("Atan", ["x"])])
    for _ in range(4):
        last = net.add("Tan", [last])
    with pytest.raises(InputError) as caught:
        program.check_operators(net.model(), "net")
    assert "Atan (atan_0), Tan (tan_1, tan_2, tan_3 and 2 more)" in caught.value.message


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_said_names_its_node(name: str) -> None:
    build, words = REFUSED[name]
    net = Net((1, 4, 4))
    build(net)
    with pytest.raises(InputError, match=words):
        program.lower(net.model(), "net.onnx")


def test_control_characters_in_node_names_are_escaped() -> None:
    net = Net((4,))
    net.add("Tan", ["x"])
    model = net.model()
    model.proto.graph.node[0].name = "a\x1b[31m\nb"
    with pytest.raises(InputError) as caught:
        program.lower(model, "net.onnx")
    assert "\x1b" not in caught.value.message and "\n" not in caught.value.message
