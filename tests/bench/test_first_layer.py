"""The first layer that differs, named by the device itself: faults that only its image has."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from emgdeploy import bench, emulate
from emgdeploy.bench import divergence, expected, workload
from emgdeploy.bench.divergence import DEVICE, EMULATOR
from emgdeploy.boards import load_board
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.errors import DeviceMismatchError, GateFailed
from emgdeploy.firmware import manifest as manifests
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.proxy import FaultPlan
from emgdeploy.resources import FIRMWARE_TEMPLATES
from support.devices.poke import poke
from support.devices.tapped_builds import WINDOWS, Home, behind_a_cable, emulated

LAYERS = ["first", "deep", "point", "sum", "mean", "logits", "shares"]
# A constant of the image, byte of it, bits of that, and the layer that then differs first.
NATIVE = [
    ("emg_weights_0", 40, 0x55, "first"),
    ("emg_bias_1", 5, 0x40, "deep"),
    ("emg_multiplier_2", 7, 0x20, "point"),
    ("layer_3", 6, 0x20, "sum"),
    ("emg_weights_5", 6, 0x55, "logits"),
    ("emg_exps_6", 3, 0x60, "shares"),
]
AN386 = [
    ("emg_stream_0", 30, 0x55, "first"),
    ("emg_channels_1", 6, 0x55, "deep"),
    ("emg_stream_2", 10, 0x55, "point"),
    ("layer_3", 6, 0x20, "sum"),
    ("emg_stream_5", 10, 0x55, "logits"),
    ("emg_exps_6", 3, 0x60, "shares"),
]
needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="no qemu-system-arm")
pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("tapped"))


@pytest.mark.parametrize("board", ["native", pytest.param("qemu-mps2-an386", marks=needs_qemu)])
def test_a_device_names_the_layer_that_only_its_image_has_wrong(
    board: str, home: Home, tmp_path: Path
) -> None:
    folder = home.build(board)
    assert [layer.name for layer in manifests.load(folder).layers] == LAYERS
    whole = emulated(folder)
    assert [found.layer for found in whole] == [None] * WINDOWS
    assert all(found.source == DEVICE and "every layer right" in found.note for found in whole)
    for symbol, at, mask, layer in NATIVE if board == "native" else AN386:
        damaged = shutil.copytree(folder, tmp_path / symbol)
        poke(damaged / "firmware.elf", symbol, at, mask)
        found = [one for one in emulated(damaged) if one.layer]
        assert {one.layer for one in found} == {layer}, (symbol, found)
        assert all("values differ, first" in one.note for one in found)


def test_layers_with_fewer_channels_are_compared_with_those_that_are_left(home: Home, tmp_path: Path) -> None:
    folder = home.build("native", "sparse")
    manifest = manifests.load(folder)
    assert [layer.out_bytes for layer in manifest.layers] == [40, 40, 40]  # of 60, 60 and 40
    assert [found.layer for found in emulated(folder)] == [None] * WINDOWS
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    poke(damaged / "firmware.elf", "emg_weights_1", 3, 0x55)
    assert {found.layer for found in emulated(damaged) if found.layer} == {manifest.layers[1].name}


@pytest.mark.parametrize(
    "plan",
    [
        FaultPlan(replace=2e-3, drop=5e-4, insert=5e-4, begin_after=100, ring=256, seed=3),
        FaultPlan(cooked=True, replace=1e-3, begin_after=100, log_between=0.1, seed=4),
    ],
    ids=["noise", "translated"],
)
def test_over_a_bad_line(plan: FaultPlan, home: Home, tmp_path: Path) -> None:
    folder = home.build("native")
    found, repeats = behind_a_cable(folder, plan)
    assert [one.layer for one in found] == [None] * WINDOWS and repeats > 3
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    poke(damaged / "firmware.elf", "emg_bias_1", 5, 0x40)
    found, _ = behind_a_cable(damaged, plan)
    assert {one.layer for one in found} == {"deep"}
    assert all("of 144 values differ" in one.note for one in found), found


def test_what_a_step_made_arrives_whole_and_what_is_not_there_is_refused(home: Home) -> None:
    folder = home.build("native")
    manifest = manifests.load(folder)
    x = workload.from_build(folder, manifest).x[0]
    wanted = expected.of_window(folder, manifest, x).outputs
    with emulate.start(manifest, folder, load_board("native")) as running:
        client = DeviceClient(running.port, LinkOptions(reply_limit=7))
        assert client.connect().taps == len(LAYERS)
        client.infer_tapped(x.tobytes())
        for number, output in enumerate(wanted):
            assert client.step_output(number, output.nbytes) == output.tobytes()
        with pytest.raises(Exception, match="refuses to say what layer 7"):
            client.step_output(len(LAYERS), 4)
        with pytest.raises(Exception, match="layer 4 makes 4 bytes where 5 are due"):
            client.step_output(4, 5)


_KERNEL = "kernels/elementwise/add_linear_s8.c"
_SUM = "emg_clamp(sum(layer, a[i], b[i]) >> FRACTION, layer->low, layer->high);\n"


def wrong_on_arm(monkeypatch: pytest.MonkeyPatch, folder: Path, when: str) -> None:
    """From now on sources in which Arm cores, and no others, add wrongly."""
    broken = shutil.copytree(FIRMWARE_TEMPLATES / "runtime", folder / "runtime")
    text = (broken / _KERNEL).read_text()
    assert text.count(_SUM) == 1
    fault = f"#ifdef __arm__\n        out[i] = (int8_t)(out[i] ^ (i > 5 && {when} ? 64 : 0));\n#endif\n"
    (broken / _KERNEL).write_text(text.replace(_SUM, _SUM + fault))
    monkeypatch.setattr("emgdeploy.deploy.job._RUNTIME", broken)


def benched(folder: Path, manifest: Manifest, work: workload.Workload) -> bench.BenchResult:
    with emulate.start(manifest, folder, load_board(manifest.board)) as running:
        options = bench.BenchOptions(link=LinkOptions(connect_patience=20))
        return bench.run(folder, manifest, running.port, work, options)


def sums(folder: Path, manifest: Manifest, x: np.ndarray) -> list[int]:
    """The value in which the broken kernel may be wrong, for each window."""
    of = [expected.of_window(folder, manifest, window).outputs[3] for window in x]
    return [int(output.reshape(-1)[5]) for output in of]


@needs_qemu
def test_a_bench_of_firmware_without_taps_makes_it_with_taps_and_asks(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong on the board alone: the same C on this machine would call everything right."""
    right = home.build("qemu-mps2-an386", taps=False)
    manifest = manifests.load(right)
    work = workload.from_build(right, manifest).spread(12)
    values = sums(right, manifest, work.x)
    unlike = next(value for value in values if value != values[0])  # so that the self-test passes
    wrong_on_arm(monkeypatch, tmp_path, f"out[5] == {unlike}")
    request = BuildRequest(load_board("qemu-mps2-an386"), home.folder / "layered.tflite", tmp_path / "b")
    manifest = build(request)
    result = benched(request.out, manifest, work)
    found = result.verdict
    assert found["first_divergent_layer"] == "sum" and found["divergence_source"] == EMULATOR
    assert "the same build with taps on qemu-mps2-an386: 138 of 144 values differ" in found["divergence"]
    assert set(found["wrong_windows"]) <= {i for i, value in enumerate(values) if value == unlike}
    assert result.problem is not None and "layer that differs is sum (layer 3" in result.problem.hint


@needs_qemu
def test_a_failed_self_test_names_its_layer_too(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.build("qemu-mps2-an386", taps=False)
    wrong_on_arm(monkeypatch, tmp_path, "1")
    request = BuildRequest(load_board("qemu-mps2-an386"), home.folder / "layered.tflite", tmp_path / "b")
    manifest = build(request)
    work = workload.from_build(request.out, manifest).spread(2)
    with pytest.raises(GateFailed, match="self-test") as caught:
        benched(request.out, manifest, work)
    assert "the first layer that differs is sum (layer 3, ADD, in the same build" in caught.value.hint


def test_a_board_that_is_not_here_is_told_what_to_do(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home.build("native", taps=False)
    manifest = manifests.load(folder)
    real = dataclasses.replace(load_board("native"), emulator=None)
    monkeypatch.setattr(divergence, "load_board", lambda name: real)
    with emulate.start(manifest, folder, load_board("native")) as running:
        client = DeviceClient(running.port)
        client.connect()
        work = workload.from_build(folder, manifest)
        found = divergence.first(folder, manifest, work.x[0], client)
    assert found.layer is None and found.source == divergence.HERE
    assert f"emgdeploy build --board native --model {folder} --taps --out {folder}-taps" in found.note


def test_the_build_with_taps_is_no_other_device_and_says_so(home: Home) -> None:
    plain, taps = home.build("native", taps=False), home.build("native")
    theirs, ours = manifests.load(taps), manifests.load(plain)
    assert theirs.taps_of == ours.firmware_build_id
    with emulate.start(theirs, taps, load_board("native")) as running:
        work = workload.from_build(plain, ours)
        with pytest.raises(DeviceMismatchError, match="runs the build with taps of this build"):
            bench.run(plain, ours, running.port, work)


def test_a_device_that_restarts_in_between_is_asked_again(home: Home, tmp_path: Path) -> None:
    damaged = shutil.copytree(home.build("native"), tmp_path / "damaged")
    poke(damaged / "firmware.elf", "emg_bias_1", 5, 0x40)
    for after in range(900, 2400, 250):
        found, _ = behind_a_cable(damaged, FaultPlan(reset_after=after))
        assert [one.layer for one in found] == ["deep"] * WINDOWS, (after, found)
