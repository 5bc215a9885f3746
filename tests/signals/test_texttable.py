"""Tables of text as laboratories have them: the same numbers whatever stands between and above them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile, texttable
from emgdeploy.signals.readers.columns import Sheet, choose

VALUES = np.round(np.random.default_rng(5).normal(size=(30, 3)), 4)


def text(separator: str = ",", mark: str = ".", end: str = "", values: np.ndarray = VALUES) -> str:
    return "".join(separator.join(f"{v:.4f}".replace(".", mark) for v in row) + end + "\n" for row in values)


FORMS = {
    "semicolons": text(";"),
    "semicolons and decimal commas": text(";", ","),
    "tabs and decimal commas": text("\t", ","),
    "spaces and decimal commas": text("  ", ","),
    "spaces": text("   "),
    "commas and spaces": text(", "),
    "a separator at each end": text(",", end=","),
    "quotes": text(",").replace("-", '"-').replace('"-', "-"),
    "quoted decimal commas": "".join(
        ",".join(f'"{v:.4f}"'.replace(".", ",") for v in row) + "\n" for row in VALUES
    ).replace('","', '";"'),
    "blank lines": text().replace("\n", "\n\n"),
    "comments": "# made by hand\n" + text() + "% the end\n",
    "lines of a device": "Device: X\nFilter: 20, 450\n" + text(),
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cr"])
def test_the_same_numbers_in_every_form(content: str, coding: str) -> None:
    encoded = content.replace("\n", "\r\n").encode() if coding == "cr" else content.encode(coding)
    table = texttable.parse(encoded)
    assert np.array_equal(table.values, VALUES) and not table.texts and not table.names


HEADS = {
    "one": "a,b,c (mV)\n",
    "two": "Device: X\na,b,c (mV)\n",
    "commented": "# a,b,c (mV)\n",
    "units below": "a,b,c (mV)\n(s),(mV),(mV)\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_the_last_line_above_names_the_columns(head: str) -> None:
    table = texttable.parse((head + text()).encode())
    assert table.names == ("a", "b", "c (mV)") and table.units[2] == "mV" and len(table.values) == 30


def test_openbci_says_its_rate_and_its_electrodes() -> None:
    """The layout of the OpenBCI GUI, version 5: comments, a line of headings, times as text."""
    head = (
        "%OpenBCI Raw EXG Data\n%Number of channels = 3\n%Sample Rate = 250 Hz\n%Board = OpenBCI_GUI$BoardCytonSerial\n"
        "Sample Index, EXG Channel 0, EXG Channel 1, EXG Channel 2, Accel Channel 0, Timestamp, Timestamp (Formatted)\n"
    )
    rows = [
        f"{n % 256}.0, {a}, {b}, {c}, 0.1, {1.6e9 + n / 250}, 2021-03-04 10:00:00.{n:03d}"
        for n, (a, b, c) in enumerate(VALUES)
    ]
    table = texttable.parse((head + "\n".join(rows)).encode())
    assert table.rate_hz == 250 and set(table.texts) == {6} and table.names[1] == "EXG Channel 0"
    chosen = choose([Sheet(Path("a.txt"), table.values, table.names)], None, 3, 250.0)
    assert chosen.electrodes == (1, 2, 3)
    assert np.array_equal(chosen.samples[0][:, [1, 2, 3]], VALUES.astype(np.float32))


def test_brainflow_has_no_headings() -> None:
    """The file that BrainFlow's DataFilter.write_file writes: tabs, a package counter, a Unix time."""
    n = np.arange(30)
    columns = np.column_stack([n % 256, VALUES, 1.6e9 + n / 250])
    content = "\n".join("\t".join(f"{v:.6f}" for v in row) for row in columns)
    table = texttable.parse(content.encode())
    assert choose([Sheet(Path("a.csv"), table.values)], None, 3, 250.0).electrodes == (1, 2, 3)


def test_delsys_pairs_each_sensor_with_a_time_and_slower_ones_end_early() -> None:
    """The layout of EMGworks: pairs of time and signal, accelerometers at a lower rate below empty cells."""
    head = "X[s],Sensor 1: EMG 1[V],X[s],Sensor 1: Acc 1.X[g],X[s],Sensor 2: EMG 2[V]\n"
    rows = [
        f"{n / 2000:.6f},{a},{f'{n / 148:.6f},0.5' if n < 3 else ','},{n / 2000:.6f},{b}"
        for n, (a, b, _) in enumerate(VALUES)
    ]
    table = texttable.parse((head + "\n".join(rows)).encode())
    assert table.units == ("", "V", "", "", "", "V")
    chosen = choose([Sheet(Path("a.csv"), table.values, table.names)], None, 2, 2000.0)
    assert chosen.electrodes == (1, 5) and np.array_equal(
        chosen.samples[0][:, [1, 5]], VALUES[:, :2].astype(np.float32)
    )


def test_a_garbled_cell_is_a_gap_in_its_column_not_a_column_less() -> None:
    rows = text().splitlines()
    rows[20] = "ERR" + rows[20][rows[20].index(",") :]
    table = texttable.parse("\n".join(rows).encode())
    assert np.isnan(table.values[20, 0]) and np.isfinite(table.values[:, 1:]).all() and not table.texts


def test_a_line_of_another_length_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text() + "0.1,0.2\n")
    with pytest.raises(InputError, match="line 31 has 2 cells, others have 3"):
        arrayfile.read_table(tmp_path / "a.csv", "")


def test_unknown_suffixes_list_what_is_read_and_case_does_not_matter(tmp_path: Path) -> None:
    for name in ("a.CSV", "a.TXT", "a.tsv"):
        (tmp_path / name).write_text(text("\t"))
        assert np.array_equal(arrayfile.read(tmp_path / name, "")["x"], VALUES)
    (tmp_path / "a.xyz").write_bytes(b"text")
    with pytest.raises(InputError, match=r"ending in '\.xyz' are not read") as found:
        arrayfile.read(tmp_path / "a.xyz", "")
    assert ".tsv" in found.value.hint and "trust" not in found.value.hint


@given(st.binary(max_size=80) | st.text('0123456789.,;\t \n#-e"aV', max_size=80).map(str.encode))
def test_any_bytes_give_a_table_or_a_sentence(content: bytes) -> None:
    try:
        table = texttable.parse(content)
    except ValueError:
        return
    samples, columns = table.values.shape
    assert samples and len(table.names) in (0, columns) and len(table.units) in (0, columns)
    assert all(len(cells) == samples for cells in table.texts.values())


@given(st.integers(0, 2**32 - 1), st.sampled_from([";", "\t", " "]), st.integers(2, 5), st.integers(1, 9))
def test_what_is_written_is_read(seed: int, separator: str, columns: int, rows: int) -> None:
    values = np.round(np.random.default_rng(seed).normal(size=(rows, columns)), 4)
    for mark in ".,":
        assert np.array_equal(texttable.parse(text(separator, mark, values=values).encode()).values, values)
