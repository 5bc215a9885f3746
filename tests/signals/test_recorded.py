"""What came in is kept: the same numbers when it is read again, however the session ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import Preprocess, given, recordingspool
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.recordingspool import Spool
from emgdeploy.signals.sources.played import Played
from emgdeploy.signals.sources.recorded import Recorded
from support.devices.fakes import FakeTime
from support.devices.streams import taken

HOW = Preprocess(1000.0, (1, 3), (0, 1, 2), 100.0, 50.0)
NAMES = ("a", "b", "c")


def samples(count: int) -> Single:
    return np.random.default_rng(3).normal(0, 1, (count, 3)).astype(np.float32)


def test_a_recorded_session_is_read_as_it_came(tmp_path: Path) -> None:
    path, said, sent = tmp_path / "new" / "day.npz", list[int](), samples(4000)
    sent[7, 1] = np.nan
    time = FakeTime(5.0)
    source = Recorded(
        Played(sent, 1000.0, True, time.clock),
        lambda columns: Spool(path, 1000.0, "mV", columns, NAMES),
        lambda spool: said.append(spool.samples),
    )
    taken(source, 3000)
    assert not path.exists() and recordingspool.part_of(path).exists()
    time.now += 0.5  # comes while nobody takes it
    source.close()
    source.close()
    assert said == [3500] and [one.name for one in path.parent.iterdir()] == ["day.npz"]
    with np.load(path, allow_pickle=False) as file:
        assert np.array_equal(file["x"], sent[:3500], equal_nan=True) and file["x"].dtype == np.float32
        assert np.allclose(file["time_s"], np.arange(3500) / 1000)
    how = given.reading(HOW, None, None, None, None)
    matched, _ = given.from_file(path, how)
    assert np.array_equal(matched.dataset.recordings[0].samples, sent[:3500], equal_nan=True)
    assert not matched.doubts


def test_a_session_in_which_nothing_came_leaves_nothing(tmp_path: Path) -> None:
    Recorded(Played(samples(0), 1000.0, False), lambda _: pytest.fail(), lambda _: pytest.fail()).close()
    with Spool(tmp_path / "a.npz", 1000.0, "mV", 3, ()):
        pass
    assert not list(tmp_path.iterdir())


@settings(max_examples=30, deadline=None)
@drawn(st.integers(0, 3000))
def test_a_machine_that_stopped_loses_no_whole_sample(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path, sent = tmp_path_factory.mktemp("stopped") / "day.npz", samples(100)
    spool = Spool(path, 1000.0, "uV", 3, NAMES)
    spool.add(sent, np.arange(100) / 1000)
    spool._file.flush()
    part = recordingspool.part_of(path)
    begin = part.read_bytes().index(b"\n") + 1
    part.write_bytes(part.read_bytes()[: begin + cut])
    with Spool(path, 1000.0, "mV", 3, ()) as again:
        whole = min(cut // 20, 100)
        assert (again.recovered is None) == (whole == 0)
        if again.recovered is not None:
            assert again.recovered.name == "day-recovered1.npz"
            with np.load(again.recovered) as file:
                assert np.array_equal(file["x"], sent[:whole]) and str(file["unit"]) == "uV"
    assert not part.exists() and not path.exists()


@drawn(st.binary(max_size=80))
def test_a_part_that_is_no_part_is_left_alone(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("strange") / "day.npz"
    recordingspool.part_of(path).write_bytes(data)
    with pytest.raises(InputError, match="is not what a session left"):
        Spool(path, 1000.0, "mV", 3, ())
    assert recordingspool.part_of(path).read_bytes() == data


def test_recordings_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        Spool(tmp_path / "a.npz", 1000.0, "mV", 3, ())
    with pytest.raises(UsageError, match=r"kept as \.npz"):
        Spool(tmp_path / "a.csv", 1000.0, "mV", 3, ())


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.npz", 1000.0, "mV", 3, ())
    with Path("/dev/full").open("wb", buffering=0) as spool._file, pytest.raises(OSError) as error:
        spool.add(samples(10), np.arange(10) / 1000)
    assert error.value.filename == str(tmp_path / "a.npz.part")
