"""Recordings in the formats of instruments and programs: each written in its layout, read through `dataset.toml`."""

from __future__ import annotations

import io
import json
import struct
import tarfile
from collections.abc import Iterator
from pathlib import Path

import edfio
import h5py
import numpy as np
import pytest
import wfdb
from scipy.io import savemat

from emgdeploy.errors import InputError
from emgdeploy.signals import datasets
from emgdeploy.signals.readers import apart
from emgdeploy.signals.recordings import Dataset

EMG = np.round(np.random.default_rng(6).normal(size=(400, 2)) * 100)
HEAD = 'sample_rate_hz = {rate}\ngrid = [1, 2]\nlabels = ["rest", "fist"]\nlabel_map = {{ noGesture = "rest" }}\n'
RATE = 200


@pytest.fixture(scope="module", autouse=True)
def one_child() -> Iterator[None]:
    yield
    apart.stop()


def read(folder: Path, file: str, entry: str = 'label = "fist"', rate: int = RATE) -> Dataset:
    text = HEAD.format(rate=rate) + f'[[recordings]]\nfile = "{file}"\n{entry}\n'
    (folder / "dataset.toml").write_text(text)
    return datasets.load("files", folder)


def picked(dataset: Dataset) -> np.ndarray:
    return np.concatenate([r.samples[:, list(dataset.electrodes)] for r in dataset.recordings])


@pytest.mark.parametrize("suffix", ["edf", "BDF"])
def test_edf_and_bdf(suffix: str, tmp_path: Path) -> None:
    kind, signal = (edfio.Edf, edfio.EdfSignal) if suffix == "edf" else (edfio.Bdf, edfio.BdfSignal)
    signals = [
        signal(EMG[:, n], RATE, label=f"EMG {n}", physical_dimension="uV", physical_range=(-1000, 1000))
        for n in (0, 1)
    ]
    slow = signal(np.zeros(20), 10, label="Acc", physical_dimension="g", physical_range=(-1, 1))
    notes = [edfio.EdfAnnotation(0, 1, "rest"), edfio.EdfAnnotation(1, 0.5, "fist")]
    kind([*signals, slow], annotations=notes).write(tmp_path / f"a.{suffix}")
    dataset = read(tmp_path, f"a.{suffix}", 'label_array = "annotations"\ncut = "labels"')
    assert np.allclose(picked(dataset), EMG / 1000, atol=2e-5) and dataset.columns == ("EMG 0", "EMG 1")
    assert dataset.recordings[0].labels.tolist() == [0] * 200
    assert dataset.recordings[1].labels.tolist() == [1] * 100 + [-1] * 100
    assert any("says 200 Hz" in doubt for doubt in read(tmp_path, f"a.{suffix}", rate=1000).doubts)


def xdf(streams: list[tuple[str, str, float, str, list[tuple[float, object]]]]) -> bytes:
    """The layout that the XDF specification 1.0 gives: chunks of a length, a tag and content."""

    def chunk(tag: int, content: bytes) -> bytes:
        return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content

    def value(one: object) -> bytes:
        if isinstance(one, str):
            return b"\x01" + bytes([len(one)]) + one.encode()
        return np.asarray(one, "<f4").tobytes()

    result = b"XDF:" + chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>")
    for number, (name, kind, rate, described, samples) in enumerate(streams, 1):
        text = isinstance(samples[0][1], str)
        form, count = ("string", 1) if text else ("float32", len(np.asarray(samples[0][1])))
        info = (
            f"<?xml version='1.0'?><info><name>{name}</name><type>{kind}</type><channel_count>{count}</channel_count>"
            f"<nominal_srate>{rate}</nominal_srate><channel_format>{form}</channel_format>{described}</info>"
        )
        identity = struct.pack("<I", number)
        body = b"".join(b"\x08" + struct.pack("<d", time) + value(one) for time, one in samples)
        result += chunk(2, identity + info.encode())
        result += chunk(3, identity + b"\x04" + struct.pack("<I", len(samples)) + body)
        end = f"<?xml version='1.0'?><info><first_timestamp>{samples[0][0]}</first_timestamp></info>"
        result += chunk(6, identity + end.encode())
    return result


def test_xdf_with_markers(tmp_path: Path) -> None:
    channels = "".join(
        f"<channel><label>{n}</label><unit>microvolts</unit></channel>" for n in ("left", "right")
    )
    samples: list[tuple[float, object]] = [(n / RATE, row) for n, row in enumerate(EMG)]
    emg = ("Bracelet", "EMG", 200.0, f"<desc><channels>{channels}</channels></desc>", samples)
    marks: list[tuple[float, object]] = [(0.4975, "rest"), (0.9975, "fist")]
    still: list[tuple[float, object]] = [(n / RATE, [0.0]) for n in range(400)]
    other = ("Motion", "MoCap", 200.0, "", still)
    (tmp_path / "a.xdf").write_bytes(xdf([emg, ("Cues", "Markers", 0.0, "", marks), other]))
    dataset = read(tmp_path, "a.xdf", 'label_array = "markers"')
    assert np.allclose(picked(dataset), EMG / 1000) and dataset.columns == ("left", "right")
    assert dataset.recordings[0].labels.tolist() == [-1] * 100 + [0] * 100 + [1] * 200
    assert np.allclose(
        picked(read(tmp_path, "a.xdf", 'label = "fist"\nsamples_array = "Bracelet"')), EMG / 1000
    )


def test_wfdb_records(tmp_path: Path) -> None:
    wfdb.wrsamp("a", RATE, ["mV", "mV"], ["F1", "F2"], EMG / 100, fmt=["16", "16"], write_dir=str(tmp_path))
    dataset = read(tmp_path, "a.hea")
    assert np.allclose(picked(dataset), EMG / 100, atol=2e-4) and dataset.columns == ("F1", "F2")
    head = (tmp_path / "a.hea").read_text()
    (tmp_path / "b.hea").write_text(head.replace("a.dat", "../a.dat").replace("a 2 200", "b 2 200"))
    with pytest.raises(InputError, match=r"b\.hea: is damaged or no WFDB file"):
        read(tmp_path, "b.hea")


def test_hdf5_by_path_and_by_field(tmp_path: Path) -> None:
    """A table with a field of several channels, as emg2qwerty's sessions are; and plain arrays in groups."""
    series = np.zeros(400, [("time", "<f8"), ("emg_left", "<f4", (2,))])
    series["emg_left"] = EMG
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["emg2qwerty/timeseries"] = series
        file["labels"] = np.repeat([0, 1], 200)
        file["names"] = np.array(["rest"] * 200 + ["fist"] * 200, object)
        file["outside"] = h5py.ExternalLink("b.hdf5", "x")
    for labels in ("labels", "names"):
        name = "emg2qwerty/timeseries/emg_left"
        dataset = read(tmp_path, "a.hdf5", f'samples_array = "{name}"\nlabel_array = "{labels}"')
        assert np.array_equal(picked(dataset), EMG.astype(np.float32))
        assert dataset.recordings[0].labels.tolist() == [0] * 200 + [1] * 200
    with pytest.raises(InputError, match="no array 'outside'") as found:
        read(tmp_path, "a.hdf5", 'label = "fist"\nsamples_array = "outside"')
    assert "emg2qwerty/timeseries" in found.value.hint
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["deep/er"] = EMG.T
    assert np.array_equal(picked(read(tmp_path, "b.h5")), EMG.astype(np.float32))


def test_epn_recordings_one_after_the_other(tmp_path: Path) -> None:
    trials = {
        f"idx_{n}": {
            "gestureName": name,
            "emg": {f"ch{c + 1}": EMG[200 * n : 200 * (n + 1), c].tolist() for c in (0, 1)},
        }
        for n, name in enumerate(("noGesture", "fist"))
    }
    (tmp_path / "user1.json").write_text(json.dumps({"generalInfo": {}, "trainingSamples": trials}))
    dataset = read(tmp_path, "user1.json", 'label_array = "labels"\nrepetition_array = "repetitions"')
    assert np.array_equal(picked(dataset), EMG.astype(np.float32))
    assert [(r.repetition, int(r.labels[0])) for r in dataset.recordings] == [(1, 0), (2, 1)]
    one = read(tmp_path, "user1.json", 'label = "fist"\nsamples_array = "trainingSamples/idx_1"')
    assert np.array_equal(picked(one), EMG[200:].astype(np.float32))


@pytest.mark.parametrize("suffix", ["edf", "xdf", "hea", "h5", "json", "otb4"])
def test_damaged_files_end_in_a_sentence(suffix: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for content in (b"", b"XDF:" + rng.bytes(60), rng.bytes(2000), b"0       " + rng.bytes(600), b'{"a":[]}'):
        (tmp_path / f"a.{suffix}").write_bytes(content)
        with pytest.raises(InputError, match=rf"a\.{suffix}"):
            read(tmp_path, f"a.{suffix}")


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_structs_and_cells_of_matlab(version: str, tmp_path: Path) -> None:
    """`samples_array` goes down by the names of fields and the numbers of cells."""
    if version == "5":
        cells = np.empty((1, 2), object)
        cells[0, 0], cells[0, 1] = {"emg": EMG[:5]}, {"emg": EMG}
        savemat(
            tmp_path / "a.mat",
            {"data": {"trials": cells, "deep": {"y": np.repeat([0, 1], 200)}}, "note": "n"},
        )
    else:
        with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
            for number, part in enumerate((EMG[:5], EMG)):
                file[f"#refs#/{number}/emg"] = part.T
            references = [[file["#refs#/0"].ref], [file["#refs#/1"].ref]]
            file.create_dataset("data/trials", data=references, dtype=h5py.ref_dtype)
            file["data/deep/y"] = np.repeat([0.0, 1.0], 200)[:, None]
            file["note"] = np.zeros((1, 1))
        content = (tmp_path / "a.mat").read_bytes()
        head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
        (tmp_path / "a.mat").write_bytes(head.ljust(512, b"\0") + content[512:])
    entry = 'samples_array = "data.trials.1.emg"\nlabel_array = "data.deep.y"'
    dataset = read(tmp_path, "a.mat", entry)
    assert np.array_equal(picked(dataset), EMG.astype(np.float32))
    assert dataset.recordings[0].labels.tolist() == [0] * 200 + [1] * 200
    for wrong in ("data.trials.2.emg", "data.y", "data.deep.y.z", "nothing"):
        with pytest.raises(InputError, match=f"there is no `{wrong}` in it") as found:
            read(tmp_path, "a.mat", f'label = "fist"\nsamples_array = "{wrong}"')
        assert found.value.hint == "it has data, note"


def tarred(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def track(title: str, first: int, count: int, gain: float = 150, more: str = "") -> str:
    return (
        f"<TrackInfo><Title>{title}</Title><Gain>{gain}</Gain><ADC_Nbits>16</ADC_Nbits><ADC_Range>5</ADC_Range>"
        f"<SamplingFrequency>200</SamplingFrequency><SignalStreamPath>a.sig</SignalStreamPath><SampleSize>2</SampleSize>"
        f"<NumberOfChannels>{count}</NumberOfChannels><AcquisitionChannel>{first}</AcquisitionChannel>"
        f"<TotalChannelsInFile>4</TotalChannelsInFile>{more}</TrackInfo>"
    )


def test_otb4_is_in_millivolts(tmp_path: Path) -> None:
    """Two grids of one channel with different gains, a control channel between them, a cut sample at the end."""
    columns = np.column_stack([EMG[:, 0], np.arange(400), EMG[:, 1], np.zeros(400)]).astype("<i2")
    tracks = track("Extensor", 0, 1) + track("Ramp", 1, 1, more="<IsControl>true</IsControl>")
    tracks += track("Flexor", 2, 1, gain=300) + track("Quaternions", 3, 1)
    xml = f"<ArrayOfTrackInfo>{tracks}</ArrayOfTrackInfo>".encode()
    tarred(tmp_path / "a.otb4", {"Tracks_000.xml": xml, "a.sig": columns.tobytes() + b"x"})
    dataset = read(tmp_path, "a.otb4")
    count = 5 / 2**16 * 1000
    assert np.allclose(picked(dataset), EMG * [count / 150, count / 300])
    assert dataset.columns == ("Extensor 1", "Flexor 1") and dataset.unit == "mV" and not dataset.doubts
    tarred(
        tmp_path / "b.otb4",
        {"Tracks_000.xml": xml.replace(b">2</Acq", b">4</Acq"), "a.sig": columns.tobytes()},
    )
    with pytest.raises(InputError, match="channels that its file has not"):
        read(tmp_path, "b.otb4")


def test_otb_plus_stays_in_counts(tmp_path: Path) -> None:
    xml = (
        b'<Device Name="QUATTRO" SampleFrequency="200" DeviceTotalChannels="2" ad_bits="16"><Channels><Adapter ID="A" '
        b'Gain="150" ChannelStartIndex="0"><Channel Index="0" ID="HD10MM0804"/><Channel Index="1" ID="HD10MM0804"/>'
        b"</Adapter></Channels></Device>"
    )
    signal = EMG.astype("<i2").tobytes()
    tarred(tmp_path / "a.otb+", {"s.sig": signal, "s.xml": xml, "patient.xml": b"<a/>"})
    dataset = read(tmp_path, "a.otb+")
    assert np.array_equal(picked(dataset), EMG) and dataset.unit == "counts"
    assert dataset.columns == ("HD10MM0804 1", "HD10MM0804 2")
    tarred(tmp_path / "b.otb+", {"s.sig": signal, "s.xml": xml.replace(b'"16"', b'"24"')})
    with pytest.raises(InputError, match="24 bits"):
        read(tmp_path, "b.otb+")


def written(folder: Path, suffix: str) -> Path:
    """A small whole file of each kind."""
    path = folder / f"a.{suffix}"
    if suffix == "edf":
        signals = [
            edfio.EdfSignal(EMG[:, n], RATE, physical_dimension="uV", physical_range=(-900, 900))
            for n in (0, 1)
        ]
        edfio.Edf(signals, annotations=[edfio.EdfAnnotation(0, 1, "rest")]).write(path)
    elif suffix == "xdf":
        samples: list[tuple[float, object]] = [(n / RATE, row) for n, row in enumerate(EMG[:40])]
        path.write_bytes(xdf([("Bracelet", "EMG", 200.0, "", samples)]))
    elif suffix == "hea":
        wfdb.wrsamp("a", RATE, ["mV", "mV"], ["F1", "F2"], EMG / 100, fmt=["16", "16"], write_dir=str(folder))
    elif suffix == "h5":
        with h5py.File(path, "w") as file:
            file["x"] = EMG
    elif suffix == "json":
        trial = {"gestureName": "fist", "emg": {"ch1": [1, 2, 3], "ch2": [4, 5, 6]}}
        path.write_text(json.dumps({"trainingSamples": {"idx_1": trial}}))
    else:
        xml = f"<ArrayOfTrackInfo>{track('A', 0, 2)}</ArrayOfTrackInfo>".encode()
        tarred(path, {"Tracks_000.xml": xml, "a.sig": np.ones((40, 4), "<i2").tobytes()})
    return path


@pytest.mark.parametrize("suffix", ["edf", "xdf", "hea", "h5", "json", "otb4"])
def test_mutants_are_read_or_end_in_a_sentence(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path, suffix)
    assert len(read(tmp_path, path.name).recordings) == 1
    whole, rng = path.read_bytes(), np.random.default_rng(3)
    refused = 0
    for _ in range(25):
        mutant = bytearray(whole)
        for place in rng.integers(0, min(len(whole), 1500), 4):
            mutant[place] = rng.integers(256)
        path.write_bytes(mutant[: len(mutant) - int(rng.integers(2)) * int(rng.integers(1, len(whole)))])
        try:
            read(tmp_path, path.name)
        except InputError as error:
            refused += 1
            assert path.name in error.message
    assert refused > 3
