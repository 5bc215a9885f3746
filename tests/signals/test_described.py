"""`dataset.toml`: patterns of names, trials within one file, names and rates of others, arrays the other way around."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emgdeploy.errors import InputError
from emgdeploy.signals import datasets
from emgdeploy.signals.readers import patterns, trials
from emgdeploy.signals.recordings import Dataset, Recording

EMG = np.random.default_rng(2).normal(size=(120, 4)).astype(np.float32)
HEAD = 'sample_rate_hz = 1000\ngrid = [1, 4]\nlabels = ["rest", "fist"]\n'


def read(folder: Path, text: str) -> Dataset:
    (folder / "dataset.toml").write_text(HEAD + text)
    return datasets.load("files", folder)


def test_a_pattern_stands_for_a_block_each(tmp_path: Path) -> None:
    for day in (1, 2):
        (tmp_path / f"Day{day}").mkdir()
        for label in ("rest", "fist", "junk"):
            for repetition in (1, 2, 10):
                np.save(tmp_path / f"Day{day}" / f"{label}_{repetition}.npy", EMG)
    dataset = read(
        tmp_path,
        'label_map = { junk = "" }\n[[recordings]]\npattern = "day{session}/{label}_{repetition}.NPY"\nsubject = 3\n',
    )
    assert [r.repetition for r in dataset.recordings[:3]] == [1, 2, 10]  # as people count
    assert {(r.subject, r.session) for r in dataset.recordings} == {(3, 1), (3, 2)}
    for recording in dataset.recordings:
        number = {"rest": 0, "fist": 1, "junk": -1}[recording.name.split("/")[1].split("_")[0]]
        assert (recording.labels == number).all()


WRONG = {
    "a name for nothing": ('pattern = "{hand}.npy"', r"\{hand\} in a pattern stands for nothing"),
    "no file": ('pattern = "{label}.csv"', "no file is named as"),
    "an unknown label": ('pattern = "{label}.npy"', "there is no label 'a'"),
    "both": ('pattern = "{label}.npy"\nfile = "a.npy"', "one of file and pattern"),
    "a repetition twice": (
        'file = "a.npy"\nlabel = "fist"\nrepetition = 1\ncut = "labels"',
        "one of repetition,",
    ),
    "no such cut": ('file = "a.npy"\nlabel = "fist"\ncut = "time"', "one of repetition,"),
    "nothing left": ('file = "a.npy"\nlabel = "fist"\nstart_s = 9', "nothing of it lies between"),
    "a rate of nothing": ('file = "a.npy"\nlabel = "fist"\nsample_rate_hz = 0', "sample_rate_hz"),
    "repetitions that are none": (
        'file = "a.npy"\nlabel = "fist"\nrepetition_column = 1',
        "repetition must be",
    ),
    "an unknown kind": ('file = "a.xyz"\nlabel = "fist"', "are not read"),
}


@pytest.mark.parametrize(("entry", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_is_said(entry: str, said: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", EMG)
    with pytest.raises(InputError, match=said):
        read(tmp_path, f"[[recordings]]\n{entry}\n")


def test_trials_of_one_long_file(tmp_path: Path) -> None:
    label = np.repeat([0, 1, 0, 1], 30)
    repetition = np.repeat([0, 1, 0, 2], 30)
    np.savetxt(tmp_path / "a.csv", np.column_stack([EMG, label, repetition]), delimiter=",")
    ways = ('cut = "labels"', "repetition_column = 5")
    pieces = {
        way: read(tmp_path, f'[[recordings]]\nfile = "a.csv"\nlabel_column = 4\n{way}\n').recordings
        for way in ways
    }
    assert [(r.repetition, len(r.samples)) for r in pieces[ways[0]]] == [(1, 30), (1, 30), (2, 30), (2, 30)]
    assert [(r.repetition, r.name) for r in pieces[ways[1]]] == [(1, "a.csv#1"), (2, "a.csv#2")]
    for found in pieces.values():
        assert len({r.group for r in found}) == len(found)
        assert np.allclose(np.concatenate([r.samples[:, :4] for r in found]), EMG)


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=60))
def test_no_sample_is_lost_between_trials(labels: list[int]) -> None:
    """And no trial by label has two classes."""
    y = np.array(labels)
    whole = Recording(np.arange(len(y), dtype=np.float32)[:, None], y, 1, 1, 5)
    for pieces in (trials.by_label(whole), trials.by_repetition(whole, np.maximum(y, 0))):
        assert np.array_equal(np.concatenate([p.samples for p in pieces]), whole.samples)
        assert np.array_equal(np.concatenate([p.labels for p in pieces]), y)
        assert len({p.trial for p in pieces}) == len(pieces)
    assert all(len(set(p.labels.tolist()) - {-1}) <= 1 for p in trials.by_label(whole))


def test_numbers_of_classes_have_names(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.column_stack([EMG, np.repeat([1, 7, 99], 40)]))
    text = '[[recordings]]\nfile = "a.npy"\nlabel_column = 4\n'
    found = read(tmp_path, 'label_map = { 1 = "rest", 7 = "fist", 99 = "" }\n' + text).recordings[0].labels
    assert found.tolist() == [0] * 40 + [1] * 40 + [-1] * 40
    np.save(tmp_path / "b.npy", np.column_stack([EMG, np.ones(120)]))
    one = '[[recordings]]\nfile = "b.npy"\nlabel_column = 4\n'
    assert "no sample is of the class rest" in read(tmp_path, one).doubts[0]
    with pytest.raises(InputError, match=r"no label '99'"):
        read(tmp_path, 'label_map = { 1 = "rest", 7 = "fist" }\n' + text)


def test_recordings_of_another_rate_and_a_part_of_one(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", EMG)
    np.save(tmp_path / "b.npy", EMG)
    text = '[[recordings]]\nfile = "a.npy"\nlabel = "fist"\nstart_s = 0.02\nend_s = 0.1\n'
    text += '[[recordings]]\nfile = "b.npy"\nlabel = "rest"\nsample_rate_hz = 2000\n'
    first, second = read(tmp_path, text).recordings
    assert np.array_equal(first.samples, EMG[20:100]) and len(second.samples) == len(second.labels) == 60


def test_channels_by_samples_are_turned_and_said(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", EMG.T)
    dataset = read(tmp_path, '[[recordings]]\nfile = "a.npy"\nlabel = "fist"\n')
    assert np.array_equal(dataset.recordings[0].samples, EMG)
    assert any("4 x 120 and taken as channels x samples" in note for note in dataset.notes)
    for short in (EMG[:3], EMG[:5]):  # as many rows as make sense
        np.savez(tmp_path / "b.npz", x=short, y=np.ones(len(short), int))
        dataset = read(tmp_path, '[[recordings]]\nfile = "b.npz"\nlabel_array = "y"\n')
        assert dataset.recordings[0].samples.shape == short.shape


def test_units_and_rate_that_the_file_says(tmp_path: Path) -> None:
    rows = "\n".join(",".join(f"{v:.6f}" for v in row) for row in EMG)
    (tmp_path / "a.csv").write_text("# Sample rate: 2000 Hz\na (uV),b (uV),c (uV),d (uV)\n" + rows)
    entry = '[[recordings]]\nfile = "a.csv"\nlabel = "fist"\n'
    dataset = read(tmp_path, entry)
    assert dataset.scale == 1e-3 and any("samples are in uV" in note for note in dataset.notes)
    assert any("2000 Hz, dataset.toml says 1000 Hz" in doubt for doubt in dataset.doubts)
    assert any(
        "says uV, dataset.toml says mV" in doubt for doubt in read(tmp_path, 'unit = "mV"\n' + entry).doubts
    )


@given(st.text("{}*label/repetition-1", max_size=30))
def test_any_pattern_is_one_or_a_sentence(pattern: str) -> None:
    try:
        patterns.compiled(pattern, "here")
    except InputError as error:
        assert error.message.startswith("here")
