"""`emgdeploy run`: the gestures are those of the reference, whatever way the samples come."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.bench.recognise import Vote
from emgdeploy.convert.reference import Reference
from emgdeploy.convert.windows import quantize_windows
from emgdeploy.firmware import manifest as manifests
from emgdeploy.signals import Preprocess
from emgdeploy.signals.single import Single
from support.command import Cli

DESCRIPTION = """sample_rate_hz = 1000.0
grid = [4, 6]
window_ms = 20.0
stride_ms = 10.0
"""


@pytest.fixture(scope="module")
def live_build(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from support.tflite_writer import ModelWriter, options

    folder = tmp_path_factory.mktemp("live")
    model = ModelWriter()
    x = model.tensor((1, 1, 4, 6), scale=0.02, zero_point=-3, name="window")
    dense = np.random.default_rng(0).integers(-127, 128, (3, 24), dtype=np.int8)
    weights = model.tensor(dense.shape, scale=0.01, data=dense)
    bias = model.tensor((3,), "int32", scale=0.0002, data=np.zeros(3, np.int32))
    y = model.tensor((1, 3), scale=0.05, zero_point=0, name="logits")
    chosen = options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False)
    model.op("FULLY_CONNECTED", [x, weights, bias], y, chosen)
    (folder / "model.tflite").write_bytes(model.finish([x], [y]))
    (folder / "how.toml").write_text(DESCRIPTION)
    given = ("--model", folder / "model.tflite", "--preprocess", folder / "how.toml")
    cli("build", "--board", "native", *given, "--out", folder / "build").succeeds()
    return folder / "build"


@pytest.fixture(scope="module")
def samples() -> Single:
    return np.random.default_rng(1).normal(0, 1, (300, 24)).astype(np.float32)


def gestures_of_the_reference(build: Path, samples: Single) -> list[int]:
    manifest = manifests.load(build)
    tensor = manifest.input
    windows = Preprocess.from_dict(manifest.preprocess).apply(samples)
    x = quantize_windows(windows, tensor.scale, tensor.zero_point, np.dtype(np.int8), tensor.window_axes)
    y = Reference(manifest.artifact(build, "tflite").read_bytes(), keep_tensors=False).run(x)
    gestures: list[int] = y.argmax(1).tolist()
    return gestures


def test_a_file_gives_the_gestures_of_the_reference(
    cli: Cli, live_build: Path, tmp_path: Path, samples: Single
) -> None:
    np.save(tmp_path / "s.npy", samples)
    wanted = gestures_of_the_reference(live_build, samples)
    done = cli("run", "--build", live_build, "--samples", tmp_path / "s.npy", "--fast", "--json")
    done.succeeds()
    found = json.loads(done.out)["windows"]
    assert [window["gesture"] for window in found] == wanted and len(set(wanted)) > 1
    assert found[0]["end_s"] == 0.02 and found[1]["end_s"] == 0.03
    timed = cli("run", "--build", live_build, "--samples", tmp_path / "s.npy", "--vote", "5", "--every")
    timed.succeeds()
    vote = Vote(5)
    assert [line.split()[2] for line in timed.out.splitlines()[:-1]] == [str(vote(g)) for g in wanted]


def test_lines_of_standard_input_give_the_same(live_build: Path, samples: Single) -> None:
    text = "\n".join(",".join(f"{value:.9g}" for value in row) for row in samples)
    command = [
        sys.executable,
        "-m",
        "emgdeploy",
        "run",
        "--build",
        str(live_build),
        "--samples",
        "-",
        "--json",
    ]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [window["gesture"] for window in json.loads(done.stdout)["windows"]]
    assert found == gestures_of_the_reference(live_build, samples)


def test_a_tie_goes_to_the_class_seen_last() -> None:
    vote = Vote(3)
    assert [vote(gesture) for gesture in (0, 1, 2, 2, 0, 1, 1)] == [0, 1, 2, 2, 2, 1, 1]


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        ("1,2,3\n1,2\n", 3, ("s.csv", "no table of numbers")),
        ("1,2,nan\n", 3, ("s.csv", "no finite number")),
        ("1,2,3\n" * 30, 3, ("channel 23",)),
        (("0," * 23 + "0\n") * 5, 2, ("before the first window",)),
    ],
)
def test_bad_samples_are_refused(
    cli: Cli, live_build: Path, tmp_path: Path, content: str, status: int, words: tuple[str, ...]
) -> None:
    (tmp_path / "s.csv").write_text(content)
    cli("run", "--build", live_build, "--samples", tmp_path / "s.csv", "--fast").fails(status, *words)


def test_a_build_without_preprocessing_says_so(cli: Cli, tiny_build: Path) -> None:
    cli("run", "--build", tiny_build, "--samples", "-").fails(3, "does not know how windows are made")
