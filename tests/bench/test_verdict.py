"""bench.json: every field, sums that add up, exit codes; and the page beside it."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emgdeploy import bench
from emgdeploy.bench import BenchOptions, deadline, report, tally, timing, verdict, workload
from emgdeploy.boards import load_board
from emgdeploy.errors import InputError, LinkError, UsageError
from emgdeploy.firmware import manifest as manifests
from emgdeploy.link.proxy import FaultPlan
from emgdeploy.resources import FIRMWARE_TEMPLATES
from emgdeploy.signals import Preprocess
from emgdeploy.signals.matching import Matched
from emgdeploy.signals.recordings import Dataset, Recording
from emgdeploy.signals.traces import Trace
from support.devices.bench_items import random_work, run_native
from support.devices.wire_device import Device

CONTRACT = [
    "schema",
    "board",
    "port",
    "firmware_build_id",
    "model_sha256",
    "complete",
    "windows",
    "answered",
    "correct_bits",
    "wrong_bits",
    "wrong_windows",
    "unanswered",
    "retried",
    "frames_rejected",
    "bytes_discarded",
    "first_divergent_layer",
    "accuracy",
    "confusion",
    "latency_us",
    "cycles",
    "clock_hz",
    "timing_source",
    "timing",
    "deadline_us",
    "deadlines_missed",
]


def labelled(build_copy: Path, count: int = 40) -> tuple[manifests.Manifest, workload.Workload]:
    """Random windows whose true class is what the reference says, except for the first five."""
    manifest, work = random_work(build_copy, count)
    classes = work.y.reshape(count, -1).argmax(1).astype(np.int64)
    classes[:5] = (classes[:5] + 1) % 3
    return manifest, dataclasses.replace(work, classes=classes, float_classes=classes)


def test_every_field_of_the_contract_and_a_clean_run(build_copy: Path) -> None:
    manifest, work = labelled(build_copy)
    result, _ = run_native(build_copy, manifest, work)
    found = json.loads((build_copy / "bench.json").read_text())
    assert set(CONTRACT) <= set(found)
    assert found["schema"] == "emgdeploy.bench/1" and found["complete"] is True
    assert found["windows"] == found["answered"] == found["correct_bits"] == 40
    assert found["wrong_windows"] == [] and found["unanswered"] == found["wrong_bits"] == 0
    assert found["accuracy"] == {"float": 1.0, "host_int8": 35 / 40, "device": 35 / 40}
    assert sum(map(sum, found["confusion"]["matrix"])) == 40
    assert sum(found["confusion"]["matrix"][i][i] for i in range(3)) == 35
    for part in ("device", "link", "host"):
        spread = found["latency_us"][part]
        assert 0 < spread["p50"] <= spread["p99"] <= spread["max"]
    assert found["cycles"]["min"] <= found["cycles"]["p50"] <= found["cycles"]["max"]
    assert found["timing_source"] == "host-clock" and found["timing"]["gate"] is None
    assert found["device"]["inferences"] == 40 and found["device"]["rx_dropped"] == 0
    assert result.exit_code == 0 and not (build_copy / "bench.partial.npz").exists()


def test_a_wrong_answer_is_exit_1_and_named(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 30)
    y = work.y.copy()
    y[7, 0] ^= 1
    y[19, 2] ^= 64
    result, _ = run_native(build_copy, manifest, dataclasses.replace(work, y=y))
    assert result.verdict["wrong_windows"] == [7, 19] and result.verdict["misattributed"] == []
    assert result.exit_code == 1
    assert (
        result.problem is not None
        and "2 of 30" in result.problem.message
        and "7, 19" in result.problem.message
    )


def test_unanswered_is_exit_6_unless_something_was_wrong(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 400)
    result, _ = run_native(build_copy, manifest, work, FaultPlan(unplug_after=9000))
    assert result.exit_code == 6 and result.verdict["complete"] is False
    y = work.y.copy()
    y[0, 0] ^= 1
    wrong = dataclasses.replace(work, y=y)
    result, _ = run_native(build_copy, manifest, wrong, FaultPlan(unplug_after=9000))
    found = result.verdict
    assert result.exit_code == 1 and found["unanswered"] > 0
    assert found["windows"] == found["correct_bits"] + found["wrong_bits"] + found["unanswered"] == 400


def test_no_windows_is_usage(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 3)
    with Device(manifest.artifact(build_copy, "elf")) as device, pytest.raises(UsageError):
        bench.run(build_copy, manifest, device.port, work.spread(0))
    np.savez(build_copy / "none.npz", x=np.zeros((0, 4, 6, 1), np.float32))
    with pytest.raises(UsageError):
        workload.from_file(build_copy / "none.npz", build_copy, manifest)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"y": np.array([0, 99])}, "class 99"),
        ({"labels": np.array(["a", "b"])}, "2 labels"),
        ({"x": np.zeros((2, 9), np.float32)}, "shape"),
    ],
)
def test_windows_of_another_model_are_refused(build_copy: Path, more: dict[str, Any], words: str) -> None:
    arrays: dict[str, Any] = {"x": np.zeros((2, 4, 6, 1), np.float32), **more}
    np.savez(build_copy / "w.npz", **arrays)
    with pytest.raises(InputError, match=words):
        workload.from_file(build_copy / "w.npz", build_copy, manifests.load(build_copy))


def test_classes_of_windows_are_matched_by_name(build_copy: Path) -> None:
    table = json.loads((build_copy / "manifest.json").read_text())
    names = [f"gesture {index}" for index in range(math.prod(table["output"]["shape"]))]
    table["output"]["labels"] = names
    (build_copy / "manifest.json").write_text(json.dumps(table))
    made, x = manifests.load(build_copy), np.zeros((2, 4, 6, 1), np.float32)
    np.savez(build_copy / "w.npz", x=x, y=np.array([0, 1]), labels=np.array(names[::-1]))
    found = workload.from_file(build_copy / "w.npz", build_copy, made)
    assert found.classes is not None and found.classes.tolist() == [len(names) - 1, len(names) - 2]
    np.savez(build_copy / "w.npz", x=x, y=np.array([0, 1]), labels=np.array([*names[1:], "another"]))
    with pytest.raises(InputError, match=r"w\.npz: the model does not know the gesture 'another'"):
        workload.from_file(build_copy / "w.npz", build_copy, made)


def test_no_accuracy_is_given_on_windows_that_were_trained_on(build_copy: Path) -> None:
    x = np.random.default_rng(3).normal(size=(9, 4, 6, 1)).astype(np.float32)
    made = dataclasses.replace(manifests.load(build_copy), seen_windows=Trace.of_windows(x[:2]).to_dict())
    np.savez(build_copy / "w.npz", x=x, y=np.zeros(9, np.int64))
    found = workload.from_file(build_copy / "w.npz", build_copy, made)
    assert found.classes is None and len(found) == 9
    assert "at least 2 of these 9 windows" in found.doubts[0]
    np.savez(build_copy / "w.npz", x=x[2:], y=np.zeros(7, np.int64))
    found = workload.from_file(build_copy / "w.npz", build_copy, made)
    assert found.classes is not None and not found.doubts


def test_windows_that_nobody_normalised_are_doubted(build_copy: Path) -> None:
    made = manifests.load(build_copy)
    x = np.random.default_rng(3).normal(size=(9, 4, 6, 1)).astype(np.float32) * 1e4
    np.savez(build_copy / "w.npz", x=x, y=np.zeros(9, np.int64))
    found = workload.from_file(build_copy / "w.npz", build_copy, made)
    assert found.classes is not None and "are beyond what the model's input can hold" in found.doubts[0]


def test_the_windows_of_a_recording_are_those_of_its_classes(build_copy: Path) -> None:
    made = manifests.load(build_copy)
    how = Preprocess(1000.0, (4, 6), tuple(range(24)), 10.0, 10.0, normalise="none", layout="channels")
    made = dataclasses.replace(
        made, input=dataclasses.replace(made.input, window_shape=(1, 4, 6), window_axes=(1, 2, 0))
    )
    samples = np.random.default_rng(4).normal(size=(100, 24)).astype(np.float32)
    labels = np.repeat(np.array([0, -1, 1]), [35, 30, 35])
    one = Recording(samples, labels, 1, 1, 1, name="fist.csv")
    matched = Matched(Dataset("files", (one,), (), 1000.0, (4, 6), tuple(range(24))), how)
    found = workload.from_recording(matched, one, build_copy, made)
    assert found.classes is not None and found.classes.tolist() == [0, 0, 0, 1, 1, 1]
    unlabelled = dataclasses.replace(one, labels=np.full(100, -1))
    found = workload.from_recording(matched, unlabelled, build_copy, made)
    assert len(found) == 10 and found.classes is None and found.source == "fist.csv"


def test_equal_windows_do_not_accuse_each_other(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 6)
    x, y = work.x.copy(), work.y.copy()
    x[3], y[3] = x[1], y[1]
    result, _ = run_native(build_copy, manifest, dataclasses.replace(work, x=x, y=y))
    assert result.exit_code == 0 and result.verdict["misattributed"] == []


def test_interrupted_runs_are_resumed_and_each_window_is_inferred_once(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 300)
    first, _ = run_native(build_copy, manifest, work, FaultPlan(unplug_after=15_000))
    done = first.verdict["answered"]
    assert 0 < done < 300
    with Device(manifest.artifact(build_copy, "elf")) as device:
        notes: list[str] = []
        result = bench.run(
            build_copy, manifest, device.port, work, progress=lambda count, note: notes.append(note)
        )
        assert result.exit_code == 0 and result.verdict["correct_bits"] == 300
        assert f"going on after {done} windows of an interrupted bench" in notes
        assert len(notes) == 301 - done
    other = random_work(build_copy, 300, seed=1)[1]
    run_native(build_copy, manifest, work, FaultPlan(unplug_after=15_000))
    fresh, _ = run_native(build_copy, manifest, other)
    assert fresh.verdict["correct_bits"] == 300  # other windows do not go on with these


def test_a_damaged_partial_file_is_begun_anew(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 20)
    for content in (b"", b"PK\x03\x04 no zip", b"\x93NUMPY"):
        (build_copy / "bench.partial.npz").write_bytes(content)
        result, _ = run_native(build_copy, manifest, work)
        assert result.exit_code == 0


def test_hostile_words_stay_words_in_the_page(build_copy: Path) -> None:
    manifest, work = labelled(build_copy)
    evil = ('<script>alert("1")</script>', "*/ ' \" &amp;", "\x1b[2J\u202eevil")
    output = dataclasses.replace(manifest.output, labels=evil)
    manifest = dataclasses.replace(manifest, output=output)
    run_native(
        build_copy, manifest, work, FaultPlan(banner=b"<img src=x onerror=alert(1)> \x1b[31m boot\r\n")
    )
    page = (build_copy / "bench.html").read_text(encoding="utf-8")
    assert "<script" not in page and "<img" not in page
    assert "&lt;script&gt;" in page and "&lt;img" in page
    assert "\x1b" not in page and "\u202e" not in page


def test_the_page_needs_nothing_else_and_closes_what_it_opens(build_copy: Path) -> None:
    manifest, work = labelled(build_copy)
    run_native(build_copy, manifest, work)
    page = (build_copy / "bench.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=|url\(|@import|http", page.replace("http-equiv", ""))
    for tag in ("section", "table", "tr", "td", "th", "svg", "div", "p", "main", "header", "data", "b"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag
    assert "all 40 windows bit-exact" in page


def test_page_of_a_bench_without_any_answer(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 10)
    for offset in range(1000, 2600, 10):
        for name in (report.FILE, tally.FILE):
            (build_copy / name).unlink(missing_ok=True)
        try:
            result, _ = run_native(build_copy, manifest, work, FaultPlan(unplug_after=offset))
        except LinkError:
            continue
        if result.verdict["answered"] == 0:
            assert "incomplete: 0 of 10" in (build_copy / report.FILE).read_text(encoding="utf-8")
            assert result.verdict["latency_us"]["device"]["p50"] is None
            return
    pytest.fail("no bench without an answer came about")


def test_timing_gates() -> None:
    cycles = np.array([10400.0, 10400.0, 11000.0])
    emulated = timing.compare(10000, cycles, timing.EMULATED, None)
    assert (emulated.expected, emulated.measured, emulated.gate, emulated.held) == (10000, 10400, 0.01, False)
    assert timing.compare(10350, cycles, timing.EMULATED, None).held
    # No time of an emulated board is finer than 40 instructions: of a small network more than 1 %.
    for measured, held in ((353.0, True), (384.0, True), (387.0, False), (304.0, False)):
        assert timing.compare(345, np.array([measured]), timing.EMULATED, None).held is held
    assert not timing.compare(345, np.array([353.0]), timing.EMULATED, 0.01).held
    cycles = np.array([1040.0, 1040.0, 1100.0])
    assert timing.compare(1000, cycles, "host-clock", None).gate is None
    assert not timing.compare(1000, cycles, "dwt", 0.03).held
    assert timing.compare(1000, cycles, "dwt", 0.05).held
    assert timing.compare(None, cycles, timing.EMULATED, None).held


def test_deadline_is_the_stride_or_the_users(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 10)
    known = dataclasses.replace(manifest, preprocess={"stride_ms": 25.0})
    assert deadline.of_build(build_copy, known).limit_us == 25_000.0
    assert (
        deadline.of_build(build_copy, dataclasses.replace(known, preprocess={"stride_ms": 0})).limit_us
        is None
    )
    with Device(manifest.artifact(build_copy, "elf")) as device:
        result = bench.run(build_copy, manifest, device.port, work, BenchOptions(deadline_us=0.0001))
    found = result.verdict
    assert (found["deadlines_missed"], found["deadline_us"]) == (10, 0.0001)
    assert found["deadline_source"] == "host-clock"
    assert "by host-clock" in (build_copy / report.FILE).read_text(encoding="utf-8")


def test_without_a_deadline_none_is_missed_or_met(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 4)
    result, _ = run_native(build_copy, dataclasses.replace(manifest, preprocess=None), work)
    assert result.verdict["deadlines_missed"] is result.verdict["deadline_us"] is None


def test_an_emulated_board_misses_deadlines_by_its_cycle_model_alone(build_copy: Path) -> None:
    """Its clock counts instructions; so does nothing that the host sees of its line."""
    manifest = dataclasses.replace(manifests.load(build_copy), clock_hz=1_000_000)
    seconds = np.ones(3)
    for profile, expected in (
        (None, None),
        ({"cycles": 2000}, 3),
        ({"cycles": 900}, 0),
        ({"cycles": None}, None),
        ({"cycles": 2000, "firmware_build_id": "another"}, None),
        ({"cycles": "many"}, None),
    ):
        path = build_copy / "profile.json"
        if profile is not None:
            facts = {"firmware_build_id": manifest.firmware_build_id, "model": "a model", **profile}
            path.write_text(json.dumps(facts))
        found = deadline.of_build(build_copy, manifest, 1000.0).missed(seconds, timing.EMULATED)
        assert found.count == expected, profile
        assert (found.source is None) == (expected is None)
    assert deadline.of_build(build_copy, manifest, 1000.0).missed(seconds, "dwt").count == 3


def test_a_link_that_runs_apart_from_the_device_has_no_latency(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 5)
    result, _ = run_native(build_copy, manifest, work)
    info = dataclasses.replace(result.device, timing_source=timing.EMULATED)
    filled = tally.Tally.empty(work, "")
    filled.answered[:] = filled.alone[:] = True
    filled.ticks[:] = 5
    board = load_board("qemu-mps2-an386")
    found = verdict.assemble(filled, work, manifest, info, "port", deadline.Deadline(None), board, None)
    assert found["latency_us"]["link"] == {"p50": None, "p99": None, "max": None}
    assert found["latency_windows"] == {"device": 5, "link": 0}


def test_without_taps_and_emulator_the_layer_is_looked_for_here(
    build_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emgdeploy.bench import divergence

    real = dataclasses.replace(load_board("native"), emulator=None)
    monkeypatch.setattr(divergence, "load_board", lambda name: real)
    manifest, work = random_work(build_copy, 4)
    honest = divergence.first(build_copy, manifest, work.x[0])
    assert honest.layer is None and "right on this machine" in honest.note
    broken = build_copy / "broken"
    shutil.copytree(FIRMWARE_TEMPLATES, broken)
    kernel = broken / "runtime" / "kernels" / "dense" / "fully_connected_s8.c"
    right = "out[i] = (int8_t)emg_clamp(q, ch->low, ch->high);"
    assert right in kernel.read_text()
    kernel.write_text(kernel.read_text().replace(right, right.replace("ch->high)", "ch->high) ^ 1")))
    monkeypatch.setattr("emgdeploy.bench.host_run.FIRMWARE_TEMPLATES", broken)
    found = divergence.first(build_copy, manifest, work.x[0])
    assert (found.layer, found.source) == (manifest.layers[-1].name, divergence.HERE)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "no compiler" in divergence.first(build_copy, manifest, work.x[0]).note


def test_a_wrong_answer_leads_to_a_look_at_the_layers(build_copy: Path) -> None:
    manifest, work = random_work(build_copy, 4)
    y = work.y.copy()
    y[2, 0] ^= 1
    result, _ = run_native(build_copy, manifest, dataclasses.replace(work, y=y))
    assert result.verdict["first_divergent_layer"] is None
    assert result.verdict["divergence_source"] == "emulator"
    assert "the same build with taps on native makes every layer right" in result.verdict["divergence"]
    assert result.problem is not None and result.verdict["divergence"] == result.problem.hint
