"""Columns of tables: numbered as in the file or named, never shifted, never a time taken for an electrode."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile, datasets
from emgdeploy.signals.readers.columns import Sheet, choose
from emgdeploy.signals.recordings import Dataset

RATE, ROWS = 1000, 60
EMG = np.round(np.random.default_rng(3).normal(size=(ROWS, 4)), 4)
TIME = np.arange(ROWS) / RATE
COUNTER = np.arange(ROWS) % 50
HEAD = 'sample_rate_hz = 1000\ngrid = [1, 4]\nlabels = ["rest", "fist"]\n'


def read(folder: Path, table: str, head: str = "", entry: str = 'label = "fist"') -> Dataset:
    (folder / "a.csv").write_text(table)
    (folder / "dataset.toml").write_text(f'{HEAD}{head}\n[[recordings]]\nfile = "a.csv"\n{entry}\n')
    return datasets.load("files", folder)


def csv(*columns: np.ndarray, heading: str = "") -> str:
    rows = [",".join(f"{value:g}" for value in row) for row in np.column_stack(columns)]
    return "\n".join(([heading] if heading else []) + rows) + "\n"


def picked(dataset: Dataset) -> np.ndarray:
    return dataset.recordings[0].samples[:, list(dataset.electrodes)]


@pytest.mark.parametrize(
    "heading", ["", "t,a,b,c,d,aux", "0,1,2,3,4,5", "1,2,3,4,5,6", "12,7,9,8,3,2", ",0,1,2,3,4"]
)
@pytest.mark.parametrize(
    "clock", [TIME, COUNTER, 1.7e9 + TIME * 1000, -TIME], ids=["s", "counter", "unix", "falling"]
)
def test_a_clock_is_no_electrode_and_headings_are_no_sample(
    heading: str, clock: np.ndarray, tmp_path: Path
) -> None:
    columns = np.column_stack([clock, EMG, np.ones(ROWS)])
    lines = [",".join(repr(float(v)) for v in row) for row in columns]
    dataset = read(tmp_path, "\n".join([*([heading] if heading else []), *lines]))
    assert dataset.electrodes == (1, 2, 3, 4)
    assert np.array_equal(picked(dataset), EMG.astype(np.float32))
    assert len(dataset.notes) == 1 and "columns 0" in dataset.notes[0] and "5" in dataset.notes[0]


def test_the_label_column_shifts_nothing(tmp_path: Path) -> None:
    y = np.repeat([0, 1], ROWS // 2)
    table = csv(y, EMG, COUNTER)
    for head in ("", "electrodes = [1, 2, 3, 4]"):
        dataset = read(tmp_path, table, head, "label_column = 0")
        assert np.array_equal(picked(dataset), EMG.astype(np.float32))
        assert dataset.recordings[0].labels.tolist() == y.tolist()
    with pytest.raises(InputError, match="column 0 is an electrode and the class"):
        read(tmp_path, table, "electrodes = [0, 1, 2, 3]", "label_column = 0")


def test_headings_name_electrodes_and_classes(tmp_path: Path) -> None:
    names = ["rest"] * 30 + [""] * 5 + ["fist"] * 25
    rows = [f"{','.join(f'{v:g}' for v in row)},{name}" for row, name in zip(EMG, names, strict=True)]
    dataset = read(
        tmp_path,
        "\n".join(["a,b,c,d,gesture", *rows]),
        'electrodes = ["d", "b", -1, "a"]',
        'label_column = "gesture"',
    )
    assert dataset.electrodes == (3, 1, -1, 0) and dataset.columns == ("a", "b", "c", "d", "gesture")
    assert dataset.recordings[0].labels.tolist() == [0] * 30 + [-1] * 5 + [1] * 25
    with pytest.raises(InputError, match=r"no column 'z'"):
        read(tmp_path, csv(EMG, heading="a,b,c,d"), 'electrodes = ["a", "b", "c", "z"]')


def test_headings_in_another_order_are_followed(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(csv(EMG[:, [2, 0, 3, 1]], heading="c,a,d,b"))
    second = 'label = "fist"\n[[recordings]]\nfile = "b.csv"\nlabel = "rest"'
    for head in ("", 'electrodes = ["a", "b", "c", "d"]'):
        dataset = read(tmp_path, csv(EMG, heading="a,b,c,d"), head, second)
        for recording in dataset.recordings:
            assert np.array_equal(recording.samples[:, list(dataset.electrodes)], EMG.astype(np.float32))


def test_what_is_doubtful_is_named(tmp_path: Path) -> None:
    named = read(tmp_path, csv(TIME, EMG), "electrodes = [0, 1, 2, 3]")
    assert "column 0 is named as an electrode and rises" in named.doubts[0]
    slow = read(tmp_path, csv(TIME * RATE / 2048, EMG, heading="time,a,b,c,d"))
    assert "column 0 (time) rises by" in slow.doubts[0] and "1000 Hz" in slow.doubts[0]
    assert not read(tmp_path, csv(TIME, EMG)).doubts
    with pytest.raises(InputError, match="without column 0, which is a time or a counter"):
        read(tmp_path, csv(TIME, EMG[:, :3]))


def test_only_electrodes_must_be_numbers(tmp_path: Path) -> None:
    gaps = csv(EMG, COUNTER).replace("\n", ",note\n").replace(",4,note", ",nan,note")
    assert np.array_equal(picked(read(tmp_path, gaps, "electrodes = [0, 1, 2, 3]")), EMG.astype(np.float32))
    for wrong in (np.nan, 1e39):  # the second is none in single precision
        broken = EMG.copy()
        broken[7, 2] = wrong
        with pytest.raises(
            InputError, match=r"a\.csv: column 2 of sample 7 holds a value that is not finite"
        ):
            read(tmp_path, csv(broken))


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.sampled_from(["float", "counts"]))
def test_a_signal_is_never_taken_for_a_clock_or_headings(seed: int, channels: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(40, channels)) * 100
    values = np.round(values) if kind == "counts" else values
    chosen = choose([Sheet(Path("a.csv"), values)], None, channels, 1000.0)
    assert chosen.electrodes == tuple(range(channels)) and not chosen.notes and not chosen.doubts


CELLS = st.sampled_from(["1", "2.5", "-3", "", "x", "nan", "0", '"a"'])


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=6))
def test_any_cells_give_a_table_or_one_sentence(lines: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "any.csv"
        file.write_text("\n".join(",".join(line) for line in lines))
        try:
            table = arrayfile.read_table(file, "try")
        except InputError as error:
            assert "any.csv: holds no table of numbers" in error.message
            return
    samples, columns = table.values.shape
    rows = lines[len(lines) - samples :]
    assert 0 < samples <= len(lines) and all(len(row) - columns in (0, not row[-1]) for row in rows)
    assert len(table.names) in (0, columns) and all(len(cells) == samples for cells in table.texts.values())
