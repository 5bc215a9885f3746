"""Public data sets: small files in the layouts that their papers describe, read with the splits of these papers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from emgdeploy.cli import dataoptions
from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import datasets
from emgdeploy.signals.images import divided_windows
from emgdeploy.signals.readers import apart
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.readers.public import LAYOUTS
from emgdeploy.signals.readers.public.layout import LAYOUT_ONLY
from emgdeploy.signals.recordings import Dataset
from emgdeploy.signals.splits import Division

RNG = np.random.default_rng(5)
REST, MOVE = 300, 500


@pytest.fixture(scope="module", autouse=True)
def one_child() -> Iterator[None]:
    yield
    apart.stop()


def ninapro(path: Path, movements: range, turns: int, columns: int, **changed: Any) -> None:
    movement, repetition = [], []
    for number in movements:
        for turn in range(1, turns + 1):
            movement += [0] * REST + [number] * MOVE
            repetition += [turn] * (REST + MOVE)
    emg = RNG.normal(size=(len(movement) + 3, columns)).astype(np.float32)  # a few more than labels
    names = changed.get("names", ("restimulus", "rerepetition"))
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(
        path, {"emg": emg, names[0]: np.array(movement)[:, None], names[1]: np.array(repetition)[:, None]}
    )


def db1(folder: Path) -> None:
    ninapro(folder / "s1/S1_A1_E1.mat", range(1, 13), 10, 10)


def db2(folder: Path) -> None:
    ninapro(folder / "DB2_s1/S1_E1_A1.mat", range(1, 18), 6, 12)
    ninapro(folder / "DB2_s1/S1_E2_A1.mat", range(18, 41), 6, 12)


def db3(folder: Path) -> None:
    ninapro(folder / "S1_E1_A1.mat", range(1, 18), 6, 10)


def db4(folder: Path) -> None:
    ninapro(folder / "S1_E1_A1.mat", range(1, 13), 6, 12)


def db6(folder: Path) -> None:
    for time in (1, 2):
        ninapro(folder / f"S1_D1_T{time}.mat", range(1, 5), 2, 16)


def db8(folder: Path) -> None:
    for acquisition, turns in ((1, 3), (2, 3), (3, 2)):
        ninapro(folder / f"S1_E1_A{acquisition}.mat", range(1, 4), turns, 16)


def db10(folder: Path) -> None:
    ninapro(folder / "S010_ex1.mat", range(1, 4), 6, 12, names=("regrasp", "reobjectrepetition"))


def capgmyo(letter: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        for subject in (1, 2):
            inside = folder / f"db{letter}-preprocessed-{subject:03d}"
            inside.mkdir(parents=True)
            for gesture in (1, 2, 100):
                for trial in (1, 2, 3):
                    data = RNG.uniform(-1, 1, (400, 128))
                    savemat(inside / f"{subject:03d}-{gesture:03d}-{trial:03d}.mat", {"data": data})

    return write


def record(path: Path, names: list[str], unit: str, values: np.ndarray) -> None:
    """A WFDB record of format 16: the samples of all signals, one after the other, and a line for each signal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    gain = 30_000 / np.abs(values).max()
    (values * gain).round().astype("<i2").tofile(path.with_suffix(".dat"))
    lines = [f"{path.name}.dat 16 {gain:.9g}(0)/{unit} 16 0 0 0 0 {name}" for name in names]
    head = f"{path.name} {len(names)} 2048 {len(values)}"
    path.with_suffix(".hea").write_text("\n".join([head, *lines]) + "\n")


def hyser(folder: Path) -> None:
    names = [
        f"{a}-{r}-{c}" for a in ("ED", "EP", "FD", "FP") for r in range(8, 0, -1) for c in range(8, 0, -1)
    ]
    for session in (1, 2):
        inside = folder / f"pr_dataset/subject01_session{session}"
        for sample in (1, 2):
            record(inside / f"dynamic_raw_sample{sample}", names, "V", RNG.normal(size=(600, 256)) * 1e-4)
        (inside / "label_dynamic.txt").write_text("3,7")


def grabmyo(folder: Path) -> None:
    names = [*(f"F{n}" for n in range(1, 17)), "U1", "U2", *(f"W{n}" for n in range(1, 13)), "U3", "U4"]
    for gesture in (1, 17):
        for trial in (1, 2, 6):
            name = f"session1_participant4_gesture{gesture}_trial{trial}"
            record(folder / "Session1/session1_participant4" / name, names, "mV", RNG.normal(size=(600, 32)))


def epn612(folder: Path) -> None:
    def sample(gesture: str, **more: Any) -> dict[str, Any]:
        emg = {f"ch{n}": RNG.integers(-128, 128, 200).tolist() for n in range(1, 9)}
        return {"emg": emg, "gestureName": gesture, **more}

    training = {"idx_1": sample("fist", groundTruthIndex=[51, 150]), "idx_2": sample("open")}
    testing = {"idx_1": sample("open"), "idx_2": sample("fist"), "idx_3": sample("")}
    (folder / "trainingJSON/user7").mkdir(parents=True)
    user = {"generalInfo": {}, "trainingSamples": training, "testingSamples": testing}
    (folder / "trainingJSON/user7/user7.json").write_text(json.dumps(user))


def putemg(folder: Path) -> None:
    head = ",".join(["Timestamp", *(f"EMG_{n}" for n in range(1, 25)), "TRAJ_1", "TRAJ_GT"])
    for kind in ("repeats_long", "sequential"):
        said = np.repeat([0, -1, 1, 0, 9], 1200)
        rows = np.column_stack([np.arange(6000) / 5120, RNG.integers(-50, 50, (6000, 24)), said, said])
        name = f"emg_gestures-03-{kind}-2018-05-11-11-05-00-695.csv"
        np.savetxt(folder / name, rows, delimiter=",", header=head, comments="", fmt="%.6g")


def emg2qwerty(folder: Path) -> None:
    for session in ("a", "b"):
        (folder / "89335547").mkdir(exist_ok=True)
        with h5py.File(folder / f"89335547/{session}.hdf5", "w") as file:
            fields = [("time", "<f8"), ("emg_left", "<f4", (16,)), ("emg_right", "<f4", (16,))]
            table = np.zeros(1000, fields)
            table["time"] = 1.6e9 + np.arange(1000) / 2000
            table["emg_left"], table["emg_right"] = RNG.normal(size=(2, 1000, 16))
            group = file.create_group("emg2qwerty")
            group["timeseries"] = table
            strokes = [{"key": "a", "start": 1.6e9 + 0.1, "end": 1.6e9 + 0.2},
                       {"key": "Key.space", "start": 1.6e9 + 0.3, "end": 1.6e9 + 0.4}]  # fmt: skip
            group.attrs["keystrokes"] = json.dumps(strokes)


def flexemg_v2(folder: Path) -> None:
    for gesture in (101, 102):
        for trial in (1, 2):
            label = np.repeat([0, gesture, 0], [3000, 5000, 3000])
            content = {"data": RNG.integers(0, 9000, (11000, 64)), "label": label[:, None]}
            savemat(folder / f"001_1_{gesture}_{trial}.mat", content)


# Writer, subject, sessions to read; then gestures with rest, trials to train on and to test on, grid.
CASES: dict[str, tuple[Callable[[Path], None], int, list[int], int, int, int, tuple[int, int]]] = {
    "ninapro-db1": (db1, 1, [1], 13, 84, 36, (1, 10)),
    "ninapro-db2": (db2, 1, [1], 18, 68, 34, (1, 12)),
    "ninapro-db3": (db3, 1, [1], 18, 68, 34, (1, 10)),
    "ninapro-db4": (db4, 1, [1], 13, 48, 24, (1, 12)),
    "ninapro-db6": (db6, 1, [1, 2], 5, 8, 8, (1, 14)),
    "ninapro-db7": (db2, 1, [1], 18, 68, 34, (1, 12)),
    "ninapro-db8": (db8, 1, [1], 4, 18, 6, (1, 16)),
    "ninapro-db10": (db10, 10, [1], 4, 12, 6, (1, 12)),
    "capgmyo-a": (capgmyo("a"), 2, [1], 2, 4, 2, (16, 8)),
    "capgmyo-b": (capgmyo("b"), 1, [1, 2], 2, 6, 6, (16, 8)),
    "capgmyo-c": (capgmyo("c"), 1, [1], 2, 4, 2, (16, 8)),
    "hyser": (hyser, 1, [1, 2], 2, 2, 2, (8, 32)),
    "grabmyo": (grabmyo, 4, [1], 2, 4, 2, (2, 8)),
    "epn612": (epn612, 7, [1], 2, 2, 2, (1, 8)),
    "putemg": (putemg, 3, [1], 8, 4, 4, (3, 8)),
    "emg2qwerty": (emg2qwerty, 89335547, [1, 2], 2, 1, 1, (2, 16)),
    "flexemg-v2": (flexemg_v2, 1, [1], 3, 2, 2, (1, 64)),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[Any, Path] = {}

    def folder(name: str) -> Path:
        writer = CASES[name][0]
        if writer not in made:
            made[writer] = tmp_path_factory.mktemp("public")
            writer(made[writer])
        return made[writer]

    return folder


def test_each_layout_has_a_case_and_a_word_in_the_help() -> None:
    assert set(CASES) == set(LAYOUTS)
    tried, untried = dataoptions.DATASETS.split("layout only")
    for short, names in (("-db1 to -db4", "1 2 3 4"), ("-db6 to -db8", "6 7 8")):
        untried = untried.replace(f"ninapro{short}", short).replace(
            short, "-db" + ", -db".join(names.split())
        )
    named = {word.removeprefix("ninapro").strip() for word in re.split(r"[,;: ]+", untried)}
    for name in datasets.NAMES:
        short = name.removeprefix("ninapro").removeprefix("capgmyo") if name != "capgmyo-a" else name
        assert (short in named) == datasets.is_layout_only(name), name
        assert short in named or name in tried


READ: dict[tuple[object, ...], Dataset] = {}


def recordings(name: str, folders: Callable[[str], Path], **choice: Any) -> Dataset:
    """The data set of a case, read once."""
    key = (name, *choice.items())
    if key not in READ:
        _, subject, sessions, *_ = CASES[name]
        READ[key] = datasets.load(name, folders(name), [subject], sessions, options=ReadOptions(**choice))
    return READ[key]


@pytest.mark.parametrize("name", CASES)
def test_gestures_electrodes_and_the_papers_split(name: str, folders: Callable[[str], Path]) -> None:
    _, _, _, gestures, train, test, grid = CASES[name]
    dataset = recordings(name, folders)
    assert (dataset.name, dataset.grid) == (name, grid)
    assert len(dataset.labels) == len(set(dataset.labels)) == gestures
    assert len(dataset.electrodes) == grid[0] * grid[1]
    assert (LAYOUT_ONLY in dataset.notes) == datasets.is_layout_only(name)
    (split,) = Division().splits(dataset.recordings)
    assert (len(split.train), len(split.test)) == (train, test)
    windows = divided_windows(dataset.recordings, split, datasets.default_preprocess(dataset))
    for side in windows:
        classes = set(side.y.tolist()) - {-1}
        assert classes and classes <= set(range(gestures)) and np.isfinite(side.features).all()


def test_movements_are_numbered_in_their_exercise(folders: Callable[[str], Path]) -> None:
    first = recordings("ninapro-db2", folders)
    assert first.labels[:2] == ("Rest", "B1") and "exercise B" in first.notes[0]
    second = recordings("ninapro-db2", folders, exercises=("C",), rest=False, movements=("C1", "C23"))
    assert second.labels == ("C1", "C23") and not any("exercise" in note for note in second.notes)
    with pytest.raises(UsageError, match="ninapro-db2 has the exercises B, C, D"):
        recordings("ninapro-db2", folders, exercises=("A", "B"))
    with pytest.raises(UsageError, match="holds movements of the hand and no EMG"):
        datasets.load("ninapro-db9", folders("ninapro-db2"))


def test_units_places_and_stretches_are_those_of_the_descriptions(folders: Callable[[str], Path]) -> None:
    capg = recordings("capgmyo-a", folders)
    assert 2.3 < np.abs(capg.recordings[0].samples).max() <= 2.5 and capg.unit == "mV"
    volts = recordings("hyser", folders)
    assert 0.05 < volts.recordings[0].samples.std() < 0.2
    assert volts.electrodes[0] == 63 and volts.electrodes[8] == 64 + 63  # ED-1-1 and EP-1-1
    wrist = recordings("grabmyo", folders, ring="wrist")
    assert wrist.grid == (2, 6) and wrist.columns[0] == "W1"
    fist = recordings("epn612", folders).recordings[0]
    assert np.flatnonzero(fist.labels >= 0).tolist() == list(range(50, 150))
    held = recordings("flexemg-v2", folders).recordings[0].labels
    assert np.flatnonzero(held == 1).tolist() == list(range(5000, 6000))
    assert (held == 0).sum() == 6000
    keys = recordings("emg2qwerty", folders)
    assert keys.labels == ("a", "Key.space") and (keys.recordings[0].labels == 0).sum() == 200


@pytest.mark.parametrize("name", CASES)
def test_what_is_no_such_folder_ends_in_a_sentence(
    name: str, tmp_path: Path, folders: Callable[[str], Path]
) -> None:
    with pytest.raises(InputError, match=f"no recordings of {name}") as error:
        datasets.load(name, tmp_path)
    assert "--data takes the folder with" in error.value.hint
    with pytest.raises(InputError, match="no such recordings; subject/session there"):
        datasets.load(name, folders(name), [99])


def test_damaged_files_are_named(tmp_path: Path) -> None:
    def refused(name: str, path: str, words: str) -> None:
        with pytest.raises(InputError, match=words) as error:
            datasets.load(name, tmp_path / name)
        assert path in error.value.message

    for name in (
        "ninapro-db1",
        "ninapro-db7",
        "capgmyo-a",
        "putemg",
        "epn612",
        "emg2qwerty",
        "flexemg-v2",
        "hyser",
    ):
        (tmp_path / name).mkdir()
    savemat(tmp_path / "ninapro-db1/S1_A1_E1.mat", {"emg": np.zeros((9, 10)), "restimulus": np.zeros(9)})
    refused("ninapro-db1", "S1_A1_E1.mat", "no `rerepetition`")
    ninapro(tmp_path / "ninapro-db7/S1_E1_A1.mat", range(30, 33), 6, 12)
    refused("ninapro-db7", "S1_E1_A1.mat", "names movement 32, exercise B of ninapro-db7 has 17")
    savemat(tmp_path / "capgmyo-a/001-001-001.mat", {"data": np.zeros((9, 12))})
    refused("capgmyo-a", "001-001-001.mat", r"must be finite numbers of shape \(samples, 128\)")
    (tmp_path / "putemg/emg_gestures-03-sequential-2018-05-11-1.csv").write_text("EMG_1,TRAJ_GT\n1,0\n")
    refused("putemg", "emg_gestures", "no column EMG_2")
    (tmp_path / "epn612/user1.json").write_text("{}")
    refused("epn612", "user1.json", "no trainingSamples")
    (tmp_path / "emg2qwerty/5").mkdir()
    with h5py.File(tmp_path / "emg2qwerty/5/a.hdf5", "w") as file:
        file["emg2qwerty"] = h5py.ExternalLink("/etc/passwd", "/")
    refused("emg2qwerty", "a.hdf5", "no emg2qwerty/timeseries/time in it")
    savemat(tmp_path / "flexemg-v2/001_1_101_1.mat", {"data": np.zeros((9, 64)), "label": np.zeros(8)})
    refused("flexemg-v2", "001_1_101_1.mat", "label must hold a whole number for each of 9 samples")
    (tmp_path / "hyser/subject01_session1").mkdir()
    (tmp_path / "hyser/subject01_session1/dynamic_raw_sample1.hea").write_text("x")
    (tmp_path / "hyser/subject01_session1/label_dynamic.txt").write_text("1,two")
    refused("hyser", "label_dynamic.txt", "must hold numbers of gestures")
