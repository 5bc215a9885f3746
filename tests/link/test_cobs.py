"""Byte stuffing: no zero comes out, everything comes back."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emgdeploy.link import cobs

_RUN = bytes(range(1, 255))


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        (b"", b"\x01"),
        (b"\0", b"\x01\x01"),
        (b"\0\0", b"\x01\x01\x01"),
        (b"\x11\x22\x00\x33", b"\x03\x11\x22\x02\x33"),
        (b"\x11\x00\x00\x00", b"\x02\x11\x01\x01\x01"),
        (_RUN, b"\xff" + _RUN),
        (b"\0" + _RUN, b"\x01\xff" + _RUN),
        (_RUN + b"\xff", b"\xff" + _RUN + b"\x02\xff"),
        (_RUN + b"\0", b"\xff" + _RUN + b"\x01\x01"),
        (_RUN[1:] + b"\xff\x00", b"\xff" + _RUN[1:] + b"\xff\x01\x01"),
    ],
)
def test_published_examples(plain: bytes, stuffed: bytes) -> None:
    assert cobs.encode(plain) == stuffed
    assert cobs.decode(stuffed) == plain


@given(st.binary(max_size=1100))
@example(b"\x01" * 254)
@example(b"\x01" * 508)
@example(b"\x01" * 254 + b"\0")
def test_round_trip_without_zero_and_within_bound(plain: bytes) -> None:
    stuffed = cobs.encode(plain)
    assert 0 not in stuffed
    assert len(stuffed) <= max(1, len(plain) + -(-len(plain) // 254))
    assert cobs.decode(stuffed) == plain


@pytest.mark.parametrize("broken", [b"", b"\x03\x01", b"\xff" + _RUN[:-1], b"\x02\x00", b"\x01\x00\x01"])
def test_run_past_the_end_and_zero_inside_are_refused(broken: bytes) -> None:
    assert cobs.decode(broken) is None
