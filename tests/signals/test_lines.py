"""Lines of a pipe or port as samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.errors import InputError
from emgdeploy.signals.lines import LineParser


def parser(columns: int | None = 3, in_a_row: int = 100) -> LineParser:
    return LineParser("here", columns, 3, in_a_row)


@pytest.mark.parametrize(
    "line",
    [b"1,2,3.5", b"1;2;3,5", b"1\t2\t3.5", b" 1  2 3.5\r", b"1,2,3.5,\r", b"1, 2, 3.5", b"+1,2e0,3.5"],
)
def test_what_instruments_write_between_numbers(line: bytes) -> None:
    assert parser().rows([line]).tolist() == [[1, 2, 3.5]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "is empty"),
        (b" \r", "is empty"),
        (b"a,b,c", "no row of numbers"),
        (b"1,2", "has 2 columns, not 3"),
        (b"0.1,1,2,3", "has 4 columns, not 3"),
        (b"1,\xff2,3", "is no text"),
        (b"1,\x002,3", "no row of numbers"),
        (b"1_0,2,3", "no row of numbers"),
        (b"\x1b[2J", "no row of numbers"),
    ],
)
def test_a_line_that_is_no_sample_is_skipped_and_named(line: bytes, reason: str) -> None:
    lines = parser()
    assert lines.rows([b"1,2,3", line, b"4,5,6"]).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert lines.skipped == 1 and "line 2" in lines.first_skipped and reason in lines.first_skipped
    assert "\x1b" not in lines.first_skipped


@pytest.mark.parametrize("cell", [b"", b"nan", b"NaN", b"inf", b"-1e999"])
def test_a_value_that_is_no_number_leaves_the_line_a_sample(cell: bytes) -> None:
    (row,) = parser().rows([b"1," + cell + b",3"])
    assert not np.isfinite(row[1]) and row[0] == 1 and row[2] == 3


@pytest.mark.parametrize("first", [b"3,0.1", b"0,1,2,3", b"1,2,3,4", b"time,a,b,c", b""])
def test_without_a_known_number_of_columns_the_first_sample_tells(first: bytes) -> None:
    lines = parser(columns=None)
    assert lines.rows([first, b"9,1,2,3", b"9,1,2"]).tolist() == [[9, 1, 2, 3]]
    assert lines.skipped == 2


def test_too_many_in_a_row_end_it() -> None:
    lines = parser(in_a_row=3)
    lines.rows([b"x", b"x", b"1,2,3", b"x", b"x"])
    assert lines.rows([b"4,5,6", b"x", b"x", b"9", b"7,8,9"]).tolist() == [[4, 5, 6]]
    assert isinstance(lines.problem, InputError)
    assert lines.problem.message == "here: 3 lines in a row are no samples; line 9 has 1 columns, not 3: '9'"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"1,2,3", b"1;2;3", b"nan,,inf"]), max_size=20))
def test_any_bytes_are_samples_or_counted(lines: list[bytes]) -> None:
    made = parser(in_a_row=1000)
    assert len(made.rows(lines)) + made.skipped == len(lines) == made.seen
