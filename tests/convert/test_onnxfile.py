"""ONNX files of unknown origin: each defect is one sentence, and nothing outside the folder is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_nets import Net, numbers, saved

from emgdeploy.convert import onnxfile, simplify
from emgdeploy.errors import InputError


def small() -> Any:
    net = Net((1, 4, 4))
    net.add("Gemm", [net.add("Flatten", ["x"]), numbers(16, 3), numbers(3)])
    return net.proto()


def write(folder: Path, proto: Any) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(saved(proto))
    return path


def with_external(location: str, offset: int | None = None) -> Any:
    proto = small()
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    if offset is not None:
        tensor.external_data.add(key="offset", value=str(offset))
    return proto


def test_a_sound_file_loads(tmp_path: Path) -> None:
    model = onnxfile.load(write(tmp_path, small()))
    assert (model.input_name, model.input_shape) == ("x", (1, 1, 4, 4))


def test_external_data_inside_the_folder_loads(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/w.bin").write_bytes(numbers(16, 3).tobytes())
    model = onnxfile.load(write(tmp_path, with_external("weights/w.bin")))
    tensor = onnx.numpy_helper.to_array(model.proto.graph.initializer[0])
    assert np.array_equal(tensor, numbers(16, 3))
    assert onnx.load_from_string(model.data).graph.initializer[0].data_location == onnx.TensorProto.DEFAULT


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "a/../../secret.bin", ""])
def test_external_data_outside_the_folder_is_bad_input(tmp_path: Path, location: str) -> None:
    (tmp_path / "secret.bin").write_bytes(numbers(16, 3).tobytes())
    folder = tmp_path / "model"
    folder.mkdir()
    with pytest.raises(InputError, match="outside the model's folder"):
        onnxfile.load(write(folder, with_external(location)))


def test_external_data_through_a_link_out_of_the_folder_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(numbers(16, 3).tobytes())
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(InputError, match="outside the model's folder"):
        onnxfile.load(write(folder, with_external("w.bin")))


def test_external_data_in_a_node_attribute_is_checked_too(tmp_path: Path) -> None:
    proto = small()
    value = onnx.numpy_helper.from_array(numbers(2))
    value.ClearField("raw_data")
    value.data_location = onnx.TensorProto.EXTERNAL
    value.external_data.add(key="location", value="../secret.bin")
    proto.graph.node.insert(0, onnx.helper.make_node("Constant", [], ["k"], name="k", value=value))
    with pytest.raises(InputError, match="outside the model's folder"):
        onnxfile.load(write(tmp_path, proto))


def test_missing_and_short_external_data_are_bad_input(tmp_path: Path) -> None:
    path = write(tmp_path, with_external("w.bin"))
    with pytest.raises(InputError, match="is missing"):
        onnxfile.load(path)
    (tmp_path / "w.bin").write_bytes(b"short")
    with pytest.raises(InputError):
        onnxfile.load(path)
    with pytest.raises(InputError):
        onnxfile.load(write(tmp_path, with_external("w.bin", offset=10**12)))


def test_an_operator_that_onnx_does_not_define_names_node_and_operator(tmp_path: Path) -> None:
    net = Net((4,))
    net.add("MagicConv", ["x"], domain="com.example")
    with pytest.raises(InputError, match=r"com\.example\.MagicConv \(magicconv_0\)"):
        onnxfile.load(write(tmp_path, net.proto()))


def test_truncated_files_are_bad_input(tmp_path: Path) -> None:
    data = saved(small())
    path = tmp_path / "model.onnx"
    for cut in (0, 1, 7, len(data) // 2, len(data) - 3):
        path.write_bytes(data[:cut])
        with pytest.raises(InputError):
            onnxfile.load(path)


def test_damaged_files_end_in_bad_input_or_load(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    path = tmp_path / "model.onnx"
    for _ in range(60):
        data = bytearray(saved(small()))
        for place in rng.integers(0, len(data), 3):
            data[place] = rng.integers(0, 256)
        path.write_bytes(bytes(data))
        try:
            model = onnxfile.load(path)
            simplify.simplify(model, "model.onnx")
        except InputError as error:
            assert "\n" not in error.message


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        onnxfile.load(tmp_path / "none.onnx")


def test_a_symbolic_batch_becomes_one() -> None:
    net = Net((1, 4, 4), batch="batch")
    net.add("Relu", ["x"])
    assert net.model().input_shape == (1, 1, 4, 4)


def test_a_fixed_batch_other_than_one_is_bad_input() -> None:
    net = Net((1, 4, 4), batch=32)
    net.add("Relu", ["x"])
    with pytest.raises(InputError, match="batches of 32"):
        net.model()


def test_a_symbolic_image_size_is_bad_input() -> None:
    net = Net((1, 4, 4))
    net.add("Relu", ["x"])
    proto = net.proto()
    proto.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "rows"
    with pytest.raises(InputError, match=r"no fixed shape: \(1, 1, rows, 4\)"):
        onnxfile.check(proto, "net")


def test_two_inputs_are_bad_input() -> None:
    proto = small()
    proto.graph.input.append(onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1]))
    with pytest.raises(InputError, match="2 inputs and 1 outputs"):
        onnxfile.check(proto, "net")


def test_an_integer_input_is_bad_input() -> None:
    proto = small()
    proto.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.INT64
    with pytest.raises(InputError, match="not a float32"):
        onnxfile.check(proto, "net")


def test_folding_does_not_fill_memory() -> None:
    net = Net((4,))
    filled = net.add("ConstantOfShape", [np.array([1 << 20, 1 << 14])])
    net.add("Add", ["x", net.add("ReduceMean", [filled], keepdims=0)])
    try:
        model = simplify.simplify(net.model(), "net")
    except InputError:
        return
    assert len(model.data) < 1 << 20
