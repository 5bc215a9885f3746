"""`emgdeploy run`: the gestures are those of the reference, whatever way the samples come."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emgdeploy.convert.reference import Reference
from emgdeploy.convert.windows import quantize_windows
from emgdeploy.firmware import manifest as manifests
from emgdeploy.signals import Preprocess
from emgdeploy.signals.decisions import Vote
from emgdeploy.signals.float32_math import Single
from support.commands.command import Cli

pytestmark = pytest.mark.timing

DESCRIPTION = """sample_rate_hz = 1000.0
grid = [4, 6]
window_ms = 20.0
stride_ms = 10.0
"""


@pytest.fixture(scope="module")
def live_build(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from support.models.tflite_writer import ModelWriter, options

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


def lines_of(out: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The windows and the summary of --json: an object a line, the last one says so."""
    *windows, end = (line for text in out.splitlines() if "silent" not in (line := json.loads(text)))
    assert end["end"] is True and not any("end" in window for window in windows)
    assert {line["schema"] for line in (*windows, end)} == {"emgdeploy.run/2"}
    assert end["answered"] == len(windows)
    return windows, end


def test_a_file_gives_the_gestures_of_the_reference(
    cli: Cli, live_build: Path, tmp_path: Path, samples: Single
) -> None:
    np.save(tmp_path / "s.npy", samples)
    wanted = gestures_of_the_reference(live_build, samples)
    done = cli("run", "--build", live_build, "--samples", tmp_path / "s.npy", "--fast", "--json")
    done.succeeds()
    found, end = lines_of(done.out)
    assert [window["gesture"] for window in found] == wanted and len(set(wanted)) > 1
    assert found[0]["end_s"] == 0.02 and found[1]["end_s"] == 0.03
    assert (end["ended"], end["windows"], end["dropped"], end["bad_samples"]) == (
        "samples",
        len(wanted),
        0,
        {},
    )
    benched = cli("bench", "--build", live_build, "--samples", tmp_path / "s.npy", "--json")
    benched.succeeds()
    verdict = json.loads(benched.out)
    assert (verdict["correct_bits"], verdict["windows"]) == (len(wanted), len(wanted))
    timed = cli(
        *("run", "--build", live_build, "--samples", tmp_path / "s.npy"),
        *("--vote", "5", "--every", "--late", "keep"),
    )
    timed.succeeds()
    vote = Vote(5)
    shown = [line.split()[2] for line in timed.out.splitlines() if " s  " in line]
    assert shown == [str(vote(g)) for g in wanted]


def started(build: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "emgdeploy", "run", "--build", str(build), "--samples", "-", *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, preexec_fn=_heed)


def _heed() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_dirty_stream_gives_the_gestures_of_its_samples(live_build: Path, samples: Single) -> None:
    """A line cut off, headings, blank and garbled lines: skipped and counted. A NaN: replaced and counted."""
    lines = [",".join(f"{value:.9g}" for value in row) for row in samples]
    wanted = samples.copy()
    wanted[100, 5] = wanted[99, 5]
    lines[100] = ",".join("nan" if k == 5 else cell for k, cell in enumerate(lines[100].split(",")))
    dirty = [lines[0][7:40], ",".join(f"ch{k}" for k in range(24)), "", *lines]
    dirty.insert(150, "0.1,\x00\x7f0.3,")
    with started(live_build, "--json", "--late", "keep") as process:
        out, err = process.communicate("\n".join(dirty))
    assert process.returncode == 0, err
    found, end = lines_of(out)
    assert [window["gesture"] for window in found] == gestures_of_the_reference(live_build, wanted)
    assert end["skipped_lines"] == 4 and end["bad_samples"] == {"5": 1}
    assert [window["index"] for window in found if not window["good"]] == [9, 10]
    assert "a line that is no sample is skipped" in err and "channel 5 has a sample" in err


def test_ctrl_c_keeps_all_results(live_build: Path, samples: Single) -> None:
    text = "".join(",".join(f"{value:.9g}" for value in row) + "\n" for row in samples)
    with started(live_build, "--json", "--late", "keep") as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(text)
        process.stdin.flush()
        wanted = gestures_of_the_reference(live_build, samples)
        lines = [process.stdout.readline() for _ in wanted]
        os.kill(process.pid, signal.SIGINT)
        rest, err = process.communicate()
    assert process.returncode == 130, err
    found, end = lines_of("".join(lines) + rest)
    assert [window["gesture"] for window in found] == wanted
    assert end["ended"] == "interrupted" and f"{len(wanted)} windows" in err
    assert err.splitlines()[-2] == "error: interrupted"


def test_a_source_that_falls_silent_ends_in_rest(live_build: Path, samples: Single) -> None:
    text = "".join(",".join(f"{value:.9g}" for value in row) + "\n" for row in samples)
    with started(live_build, "--json", "--late", "keep") as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(text)
        process.stdin.flush()
        line: dict[str, Any] = {}
        while not line.get("silent"):
            line = json.loads(process.stdout.readline())
        rest, err = process.communicate(text)
    assert (line["decision"], line["unsure"]) == (None, True) and "rest (unsure): no sample comes" in err
    last = json.loads(rest.splitlines()[-2])
    assert "silent" not in last and not last["unsure"] and process.returncode == 0


def test_only_lines_that_are_no_samples_end_it_with_a_sentence(live_build: Path) -> None:
    good = ",".join(["0.5"] * 24)
    with started(live_build, "--json", "--bad-lines", "20") as process:
        out, err = process.communicate((good + "\n") * 30 + "1,2,3\n" * 20)
    assert process.returncode == 3
    found, end = lines_of(out)
    assert len(found) == 2 and end["exit_code"] == 3
    assert "20 lines in a row are no samples; line 50 has 3 columns, not 24" in err.splitlines()[-2]


def test_a_tie_goes_to_the_class_seen_last() -> None:
    vote = Vote(3)
    assert [vote(gesture) for gesture in (0, 1, 2, 2, 0, 1, 1)] == [0, 1, 2, 2, 2, 1, 1]


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        ("one,two\nthree,four\n", 3, ("s.csv", "number")),
        ("1,2,3\n" * 30, 3, ("s.csv", "has 3 columns", "24 or more")),
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


def test_a_live_source_gives_gestures_and_its_own_unit_and_rate(
    cli: Cli, live_build: Path, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        done = cli(
            *("run", "--build", live_build, "--source", "simulated:4x6?rate=1000"),
            *("--send", f"udp:{receiver.getsockname()[1]}", "--view"),
            *("--limit", "20", "--every", "--json", "--record", tmp_path / "s.npz"),
        )
        done.succeeds()
        found, end = lines_of(done.out)
        assert [json.loads(receiver.recv(9999)) for _ in found] == found
    assert "view: http://127.0.0.1:" in done.err
    for window in found:
        assert len(window["scores"]) == 3 and sum(window["scores"]) == pytest.approx(1, abs=1e-5)
        assert np.argmax(window["scores"]) == window["gesture"]
    assert [window["index"] for window in found] == list(range(20))
    assert (end["ended"], end["lost_samples"], end["bad_samples"]) == ("limit", 0, {})
    assert "the simulator: samples of 24 numbers at 1000 Hz, one unit is 1 mV" in done.err
    again = cli("run", "--build", live_build, "--samples", tmp_path / "s.npz", "--fast", "--json")
    replayed = lines_of(again.out)[0]
    assert [one["gesture"] for one in replayed[:20]] == [one["gesture"] for one in found]
    assert (
        f"{tmp_path / 's.npz'}: " in done.err
        and "s.npz: 24 columns at 1000 Hz, one unit is 1 mV" in again.err
    )
    cli("run", "--build", live_build, "--source", "tcp:1").fails(6, "nothing answers at 127.0.0.1 port 1")
