"""A verdict outlives Ctrl-C, a full disk and a device that lies about its time."""

from __future__ import annotations

import dataclasses
import errno
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emgdeploy import bench
from emgdeploy.bench import BenchResult, divergence, report, timing, verdict
from emgdeploy.bench.workload import Workload
from emgdeploy.boards import load_board
from emgdeploy.errors import GateFailed, InputError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.wire import SelfTest
from support.devices.bench_items import random_work, run_native
from support.devices.simulated_line import SimulatedDevice


def spoilt(work: Workload) -> Workload:
    """The third window's right answer is another one now."""
    y = work.y.copy()
    y[2, 0] ^= 1
    return dataclasses.replace(work, y=y)


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_ctrl_c_in_the_search_for_the_layer_keeps_the_verdict(
    build_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(divergence, "first", interrupted)
    manifest, work = random_work(build_copy, 10)
    result, _ = run_native(build_copy, manifest, spoilt(work))
    saved = json.loads((build_copy / "bench.json").read_text())
    assert result.interrupted and saved["complete"] and saved["wrong_windows"] == [2]
    assert saved["answered"] == 10 and saved["unanswered"] == 0 and "interrupted" in saved["divergence"]


def test_a_search_that_fails_in_any_way_keeps_the_verdict(
    build_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("emgdeploy.bench.expected.of_window", breaks)
    manifest, work = random_work(build_copy, 4)
    result, _ = run_native(build_copy, manifest, spoilt(work))
    assert result.exit_code == 1 and "a bug" in result.verdict["divergence"]


@pytest.mark.parametrize("place", ["verdict", "report"])
def test_a_disk_that_is_full_at_the_end_keeps_the_verdict(
    place: str, build_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, work = random_work(build_copy, 6)
    real, module, calls = verdict.write, {"verdict": verdict, "report": report}[place], []

    def write(*arguments: object) -> None:
        calls.append(arguments)
        if place == "report" or len(calls) > 1:
            full()
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "write", write)
    result, _ = run_native(build_copy, manifest, work)
    assert result.verdict["correct_bits"] == 6 and result.verdict["complete"]
    assert isinstance(result.problem, InputError) and "No space left" in result.problem.message
    wrong, _ = run_native(build_copy, manifest, spoilt(work)) if place == "report" else (None, None)
    assert wrong is None or isinstance(wrong.problem, GateFailed)


class Golden(SimulatedDevice):
    """A device that answers `work` right."""

    def __init__(self, manifest: Manifest, work: Workload) -> None:
        super().__init__(len(work.window(0)), len(work.answer(0)))
        self.right_answers = {work.window(i): work.answer(i) for i in range(len(work))}
        self.facts[1], self.facts[2] = manifest.board.encode(), manifest.firmware_build_id.encode()
        self.facts[3], self.facts[6] = manifest.model_sha256.encode(), b"host-clock"
        self.ticks = 1  # of a nanosecond: simulated time runs beside ours

    def right(self, window: bytes) -> bytes:
        return self.right_answers[window]


Change = Callable[[Golden], None]


def benched(folder: Path, change: Change, count: int = 6) -> BenchResult:
    manifest, work = random_work(folder, count)
    device = Golden(manifest, work)
    change(device)
    return bench.run(folder, manifest, device, work)


def test_the_simulated_device_passes(build_copy: Path) -> None:
    result = benched(build_copy, lambda device: None)
    assert result.problem is None and result.verdict["inferences"] == result.verdict["inferences_due"] == 6
    assert result.verdict["timing_doubt"] is None and result.verdict["latency_us"]["device"]["p50"] == 0.001


def test_a_second_answer_that_differs_counts_as_wrong(build_copy: Path) -> None:
    def change(device: Golden) -> None:
        def twice(sequence: int) -> None:
            device.send_result(sequence)
            if device.inferences == 6:
                device.send_result(sequence, output=bytes(device.outputs))

        device.after = twice

    result = benched(build_copy, change)
    assert result.exit_code == 1 and result.verdict["wrong_windows"] == [5]
    assert result.problem is not None and "answered twice, and differently" in result.problem.message


def test_answers_without_inferences_are_no_answers(build_copy: Path) -> None:
    def change(device: Golden) -> None:
        def result(sequence: int) -> None:
            if device.inferences == 4 and not skipped:
                skipped.append(sequence)
                device.inferences -= 1
            device.send_result(sequence)

        skipped: list[int] = []

        device.after = result

    result = benched(build_copy, change)
    assert result.exit_code == 1 and result.problem is not None
    assert "counts 5 inferences for 6 answers" in result.problem.message


@pytest.mark.parametrize(
    ("key", "value", "ticks", "words"),
    [
        (5, 0, 1, "no tick rate"),
        (5, 1, 4_000_000_000, "4e+09 s"),
        (5, 1_000_000_000, 0, "stood still"),
        (6, b"dwt", 1, "which native does not have"),
        (6, b"\x1b[2J", 1, "x1b"),
    ],
)
def test_times_that_cannot_be_are_no_numbers(
    key: int, value: int | bytes, ticks: int, words: str, build_copy: Path
) -> None:
    def change(device: Golden) -> None:
        device.facts[key] = value if isinstance(value, bytes) else value.to_bytes(4, "little")
        device.ticks = ticks

    result = benched(build_copy, change)
    found = result.verdict
    assert result.problem is None and words in found["timing_doubt"] and found["timing_source"] == "unknown"
    assert found["latency_us"]["device"] == {"p50": None, "p99": None, "max": None}
    assert found["cycles"]["p50"] is None and found["deadlines_missed"] is None
    page = (build_copy / report.FILE).read_text()
    assert "\x1b" not in page and "inference, median" in page


def test_a_cycle_counter_at_another_rate_than_the_clock_is_doubted() -> None:
    board = load_board("nucleo-l4r5zi")
    info = DeviceInfo(
        board.name,
        "",
        "",
        board.clock_hz,
        board.clock_hz,
        "dwt",
        SelfTest.PASSED,
        0,
        0,
        "",
        1,
        240,
        256,
        1,
        1,
        4,
    )
    ticks, trips = np.array([120_000], np.uint32), np.array([0.02])
    assert timing.doubt(info, board, ticks, trips) is None
    assert "cycles a second" in str(timing.doubt(dataclasses.replace(info, tick_hz=1), board, ticks, trips))
    assert timing.doubt(info, board, ticks * 20, trips) is None  # 20 ms in 20 ms
    assert "0.2 s" in str(timing.doubt(info, board, ticks * 200, trips))
    emulated = dataclasses.replace(info, timing_source=timing.EMULATED)
    assert "does not have" in str(timing.doubt(emulated, board, ticks, trips))
