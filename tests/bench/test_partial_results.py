"""What an interrupted bench leaves is gone on with only where it is this device's, and nobody touched it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from emgdeploy import state
from emgdeploy.bench import place, tally, timing, verdict
from emgdeploy.bench.tally import NotResumed, Tally
from emgdeploy.bench.workload import Workload
from emgdeploy.link.transfer import Answer

WHO, WHERE = "native 0123 4567", "/dev/ttyACM0"


@pytest.fixture
def work() -> Workload:
    x = np.arange(24, dtype=np.int8).reshape(6, 4)
    return Workload(x, x[:, :3], None, None, "a test", "none")


@pytest.fixture
def half(work: Workload) -> Tally:
    made = Tally.empty(work, WHO, WHERE)
    made.answered[:3] = True
    made.ticks[:3] = 7
    return made


def test_the_same_bench_goes_on_and_says_so(work: Workload, half: Tally, tmp_path: Path) -> None:
    half.counters["retried"] = 4
    half.save(tmp_path)
    found = tally.resume(Tally.empty(work, WHO, WHERE), tmp_path)
    assert found is not None and found.answered.tolist() == [True] * 3 + [False] * 3
    assert found.ticks.tolist() == [7, 7, 7, 0, 0, 0] and found.counters["retried"] == 4
    assert found.resumed is not None and found.resumed.windows == 3
    assert abs(found.resumed.saved - time.time()) < 60
    assert tally.resume(Tally.empty(work, WHO, WHERE), tmp_path / "none") is None


@pytest.mark.parametrize(
    ("who", "where", "later", "words"),
    [
        (WHO, "/dev/ttyACM1", 0.0, "of the device at /dev/ttyACM0"),
        ("native 9999 4567", WHERE, 0.0, "other windows or of another firmware"),
        (WHO, WHERE, 25 * 3600.0, "older than a day"),
        (WHO, WHERE, -3600.0, "older than a day"),
    ],
)
def test_another_device_or_day_begins_anew(
    who: str, where: str, later: float, words: str, work: Workload, half: Tally, tmp_path: Path
) -> None:
    half.save(tmp_path)
    with pytest.raises(NotResumed, match=words):
        tally.resume(Tally.empty(work, who, where), tmp_path, time.time() + later)


@pytest.mark.parametrize("changed", ["answered", "outputs", "ticks", "counters", "check", "no check"])
def test_a_forged_file_begins_anew(changed: str, work: Workload, half: Tally, tmp_path: Path) -> None:
    half.save(tmp_path)
    with np.load(tmp_path / tally.FILE) as file:
        arrays = dict(file)
    if changed == "counters":
        arrays["head"] = np.array(json.dumps(json.loads(str(arrays["head"])) | {"seconds": 1e9}))
    elif changed == "check":
        arrays["check"] = np.array("0" * 64)
    elif changed == "no check":
        del arrays["check"]
    else:
        arrays[changed] = arrays[changed] ^ 1 if changed == "outputs" else arrays[changed] == arrays[changed]
    np.savez(tmp_path / tally.FILE, **arrays)
    with pytest.raises(NotResumed, match="changed, or written by somebody else"):
        tally.resume(Tally.empty(work, WHO, WHERE), tmp_path)


def test_the_check_is_this_users_alone(
    work: Workload, half: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
    half.save(tmp_path)
    assert (state.folder() / "secret").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "ours"))
    with pytest.raises(NotResumed, match="somebody else"):
        tally.resume(Tally.empty(work, WHO, WHERE), tmp_path)
    (tmp_path / "in the way").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "in the way"))
    half.save(tmp_path)
    with pytest.raises(NotResumed, match="somebody else"):
        tally.resume(Tally.empty(work, WHO, WHERE), tmp_path)


def test_an_adapter_is_known_by_its_serial_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from serial.tools import list_ports
    from serial.tools.list_ports_common import ListPortInfo

    adapter = ListPortInfo("/dev/ttyACM3")
    adapter.vid, adapter.pid, adapter.serial_number = 0x0483, 0x374B, "066BFF"
    unnamed = ListPortInfo("/dev/ttyUSB0")
    monkeypatch.setattr(list_ports, "comports", lambda: [adapter, unnamed])
    assert place.of_port("/dev/ttyACM3") == "USB 0483:374b 066BFF"
    for name in ("/dev/ttyUSB0", "socket://localhost:4000", "native (emulated)"):
        assert place.of_port(name) == name


def test_right_is_answered_for_its_own_input_with_every_bit(work: Workload) -> None:
    made = Tally.empty(work, WHO, WHERE)
    made.outputs[:] = np.frombuffer(b"".join(work.answer(i) for i in range(6)), np.uint8).reshape(6, -1)
    made.answered[:5] = True
    made.answered_for[1], made.answered_for[2] = 0, tally.TWICE
    made.outputs[3, -1] ^= 1
    assert verdict.right(made, work).tolist() == [True, False, False, False, True, False]


def test_an_answer_to_another_input_is_entered_for_that_one(work: Workload) -> None:
    made = Tally.empty(work, WHO, WHERE)
    for index, crc, own in ((0, 7, True), (1, 7, False), (2, 8, False)):
        answer = Answer(index, work.answer(index), 5, crc, own, 0.1, True, 0)
        made.take(answer, {7: 0})
    assert made.answered_for.tolist() == [tally.OWN, 0, tally.NOBODY, *[tally.OWN] * 3]
    assert verdict.right(made, work).tolist() == [True] + [False] * 5


@pytest.mark.parametrize(("ratio", "held"), [(1.0, True), (1.01, True), (1.02, False), (0.5, False)])
def test_a_gate_of_time_is_on_both_sides(ratio: float, held: bool) -> None:
    assert timing.Timing(100, round(100 * ratio), ratio, 0.011).held is held
