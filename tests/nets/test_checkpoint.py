"""Checkpoints are data: ours come back as they went, others load or fail with one clear sentence."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets.checkpoint import load_checkpoint, save_checkpoint
from emgdeploy.nets.mobilenetv2 import MobileNetV2, MobileNetV2Config
from emgdeploy.signals import Preprocess
from emgdeploy.signals.acquisition import Acquisition

PUBLISHED = "models/seed/MobilenetV2_Params@808.504K_MAC@4.964M_Acc@97.252.pt"


def small_network() -> MobileNetV2:
    return MobileNetV2(MobileNetV2Config(classes=3, grid=(4, 4)))


def description() -> Preprocess:
    return Preprocess(1000.0, (4, 4), tuple(range(16)), 100.0, 50.0)


def save_state(path: Path, state: dict[str, Any]) -> Path:
    torch.save(state, path)
    return path


def rejected(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_checkpoint(path)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_round_trip_keeps_network_labels_and_preprocessing(tmp_path: Path) -> None:
    network = small_network().eval()
    path = tmp_path / "a.pt"
    taken = Acquisition(1000.0, 17, (4, 4), tuple(range(1, 17)), 1e-3, labels=("a", "b", "c"))
    save_checkpoint(path, network, ("a", "b", "c"), description(), {"seed": 3}, acquisition=taken)
    loaded = load_checkpoint(path)
    assert loaded.acquisition == taken
    x = torch.randn(5, 1, 4, 4)
    assert torch.equal(loaded.network(x), network(x))
    assert (loaded.name, loaded.input_shape) == ("mobilenetv2", (1, 4, 4))
    assert (loaded.labels, loaded.preprocess) == (("a", "b", "c"), description())
    assert loaded.training == {"seed": 3}
    assert not loaded.network.training


def test_published_checkpoint_loads_without_its_profiling_keys(shared: Path) -> None:
    loaded = load_checkpoint(shared / PUBLISHED)
    assert loaded.input_shape == (1, 8, 24)
    assert loaded.labels is None
    assert loaded.preprocess is None
    assert sum(p.numel() for p in loaded.network.parameters()) == 808_504
    state = torch.load(shared / PUBLISHED, map_location="cpu", weights_only=True)
    assert torch.equal(loaded.network.state_dict()["conv2.weight"], state["conv2.weight"])


def test_published_frame_gets_a_confident_answer(shared: Path) -> None:
    """A real frame, standardised as published: noise of the same kind has no such clear winner."""
    frame = np.loadtxt(shared / "models/seed/hdsemg_frame_192.txt").astype(np.float32)
    frame = (frame - frame.mean()) / frame.std()
    network = load_checkpoint(shared / PUBLISHED).network
    with torch.no_grad():
        probability = torch.softmax(network(torch.from_numpy(frame).reshape(1, 1, 8, 24)), dim=1)
    assert float(probability.max()) > 0.5


def test_m5_loads_with_its_published_layout(shared: Path) -> None:
    loaded = load_checkpoint(shared / "models/seed/M5_recover.pt")
    assert (loaded.name, loaded.input_shape) == ("m5", (1, 3840, 1))
    assert loaded.network(torch.zeros(2, 1, 3840, 1)).shape == (2, 7)


def test_profiling_counters_are_ignored_by_name_only(tmp_path: Path) -> None:
    state = MobileNetV2(MobileNetV2Config(classes=8)).state_dict()
    state["layers.3.conv1.total_ops"] = torch.zeros(1)
    assert load_checkpoint(save_state(tmp_path / "a.pt", state)).input_shape == (1, 8, 24)
    state["layers.3.conv1.other"] = torch.zeros(1)
    assert "layers.3.conv1.other" in rejected(save_state(tmp_path / "b.pt", state))


def test_missing_parameter_is_named(tmp_path: Path) -> None:
    state = MobileNetV2(MobileNetV2Config(classes=8)).state_dict()
    del state["layers.4.bn2.bias"]
    assert "layers.4.bn2.bias is missing" in rejected(save_state(tmp_path / "a.pt", state))


def test_misshaped_parameter_is_named(tmp_path: Path) -> None:
    state = MobileNetV2(MobileNetV2Config(classes=8)).state_dict()
    state["layers.4.bn2.bias"] = torch.zeros(7)
    message = rejected(save_state(tmp_path / "a.pt", state))
    assert "layers.4.bn2.bias" in message
    assert "(7,)" in message


def test_values_that_are_not_finite_are_named(tmp_path: Path) -> None:
    state = MobileNetV2(MobileNetV2Config(classes=8)).state_dict()
    state["bn1.bias"][3] = float("nan")
    assert "bn1.bias" in rejected(save_state(tmp_path / "a.pt", state))


def test_tensor_larger_than_its_data_is_rejected(tmp_path: Path) -> None:
    state = MobileNetV2(MobileNetV2Config(classes=8)).state_dict()
    state["conv2.weight"] = torch.zeros(1).expand(1 << 40)
    assert "conv2.weight" in rejected(save_state(tmp_path / "a.pt", state))


def test_many_tensors_of_the_same_data_are_rejected(tmp_path: Path) -> None:
    data = torch.zeros(10_000)
    state = {f"layer{n}.weight": data for n in range(100)}
    assert "claim more than the file holds" in rejected(save_state(tmp_path / "a.pt", state))


def test_a_tensor_without_values_is_rejected(tmp_path: Path) -> None:
    state = MobileNetV2(MobileNetV2Config(classes=8)).state_dict()
    state["conv2.weight"] = state["conv2.weight"].to("meta")
    assert "conv2.weight" in rejected(save_state(tmp_path / "a.pt", state))


def test_checkpoint_of_another_network_is_named_as_such(tmp_path: Path) -> None:
    other = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Linear(4, 2))
    assert "another network" in rejected(save_state(tmp_path / "a.pt", other.state_dict()))


def test_grid_that_does_not_fit_asks_for_the_grid(tmp_path: Path) -> None:
    path = save_state(tmp_path / "a.pt", MobileNetV2(MobileNetV2Config(classes=5, grid=(16, 4))).state_dict())
    assert "8x24" in rejected(path)
    assert load_checkpoint(path, grid=(16, 4)).input_shape == (1, 16, 4)


@pytest.mark.parametrize("keep", [0, 3, 200, 30_000])
def test_truncated_checkpoint_is_rejected(tmp_path: Path, keep: int) -> None:
    buffer = io.BytesIO()
    torch.save(small_network().state_dict(), buffer)
    path = tmp_path / "a.pt"
    path.write_bytes(buffer.getvalue()[:keep])
    assert "cut off or damaged" in rejected(path)


def test_flipped_bytes_never_escape_as_another_error(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"linear.weight": torch.zeros(2, 2)}, buffer)
    original = buffer.getvalue()
    rng = np.random.default_rng(5)
    for trial in range(60):
        damaged = bytearray(original)
        for position in rng.integers(0, len(damaged), 3):
            damaged[position] ^= int(rng.integers(1, 256))
        path = tmp_path / f"{trial}.pt"
        path.write_bytes(damaged)
        assert rejected(path)


class Hostile:
    """Unpickling this writes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_malicious_pickle_is_not_run(tmp_path: Path, zipped: bool) -> None:
    mark, path = tmp_path / "run", tmp_path / "a.pt"
    torch.save({"conv1.weight": Hostile(mark)}, path, _use_new_zipfile_serialization=zipped)
    assert "nothing of it was run" in rejected(path)
    assert not mark.exists()


def test_malicious_pickle_in_our_own_format_is_not_run(tmp_path: Path) -> None:
    mark, path = tmp_path / "run", tmp_path / "a.pt"
    save_checkpoint(path, small_network(), ("a", "b", "c"), description(), {})
    fields = torch.load(path, weights_only=True)
    torch.save({**fields, "labels": Hostile(mark)}, path)
    assert "nothing of it was run" in rejected(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("format", "emgdeploy.checkpoint/99", "format"),
        ("labels", ["a", "b"], "2 labels and 3 classes"),
        ("labels", "abc", "no list of names"),
        ("network", {"name": "resnet"}, "resnet"),
        ("network", {"name": "mobilenetv2", "classes": 10**9}, "classes"),
        ("network", [1], "no mapping"),
        ("preprocess", {"grid": [4, 4], "colour": 1}, "colour"),
        ("acquisition", {"channels": 4}, "sample_rate_hz of the acquisition"),
        ("preprocess", {**description().to_dict(), "frames": 2}, "windows (2, 4, 4)"),
        ("state_dict", {}, "no state dict"),
        ("state_dict", {"conv1.weight": "text"}, "conv1.weight"),
    ],
)
def test_field_that_makes_no_sense_is_named(tmp_path: Path, field: str, value: object, said: str) -> None:
    path = tmp_path / "a.pt"
    save_checkpoint(path, small_network(), ("a", "b", "c"), description(), {})
    torch.save({**torch.load(path, weights_only=True), field: value}, path)
    assert said in rejected(path)


def test_missing_file_zip_of_something_else_and_torchscript(tmp_path: Path) -> None:
    assert "cannot be read" in rejected(tmp_path / "none.pt")
    with zipfile.ZipFile(tmp_path / "z.pt", "w") as archive:
        archive.writestr("hello.txt", "x")
    assert "no PyTorch checkpoint" in rejected(tmp_path / "z.pt")


def test_users_network_only_by_explicit_factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_emg_network.py").write_text(
        "import torch\n"
        "def make(input_shape, classes):\n"
        "    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 2))\n"
        "    net.input_shape = (1, 2, 3)\n"
        "    return net\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    state = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 2)).state_dict()
    path = save_state(tmp_path / "a.pt", state)
    assert "another network" in rejected(path)
    assert load_checkpoint(path, factory="own_emg_network:make").input_shape == (1, 2, 3)
    with pytest.raises(UsageError):
        load_checkpoint(path, factory="own_emg_network:absent")
    with pytest.raises(UsageError):
        load_checkpoint(path, factory="no_such_module:make")
