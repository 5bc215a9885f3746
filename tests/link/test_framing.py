"""The host's encoder and decoder: acceptance as an independent decoder has it, any cut, log text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emgdeploy.link import framing
from emgdeploy.link.framing import Decoder, Event, Frame, LogLine, Rejected
from support.devices import wire_reference

frame_strategy = st.builds(
    Frame,
    type=st.integers(0, 255),
    session=st.integers(0, 0xFFFFFFFF),
    sequence=st.integers(0, 0xFFFF),
    payload=st.binary(max_size=300),
    text=st.booleans(),
    version=st.integers(0, 255),
)


def decode(data: bytes, cuts: list[int] | None = None, text_only: bool = False) -> list[Event]:
    decoder = Decoder(text_only)
    events: list[Event] = []
    start = 0
    for cut in [*sorted(cuts or []), len(data)]:
        events += decoder.feed(data[start:cut])
        start = cut
    return events + decoder.flush()


def frames_of(data: bytes, cuts: list[int] | None = None) -> list[Frame]:
    return [event for event in decode(data, cuts) if isinstance(event, Frame)]


@given(st.lists(frame_strategy, max_size=4))
def test_frames_come_back_in_order_and_nothing_else(frames: list[Frame]) -> None:
    assert decode(b"".join(map(framing.encode, frames))) == frames


@given(frame_strategy)
def test_encoded_size_is_an_upper_bound_and_payload_limit_its_inverse(frame: Frame) -> None:
    size = len(framing.encode(frame))
    bound = framing.encoded_size(len(frame.payload), frame.text)
    assert size <= bound <= size + 2
    assert framing.payload_limit(bound, frame.text) >= len(frame.payload)


@given(st.integers(64, 1200), st.booleans())
def test_payload_limit_fits(wire_bytes: int, text: bool) -> None:
    assert framing.encoded_size(framing.payload_limit(wire_bytes, text), text) <= wire_bytes


@given(st.lists(frame_strategy, min_size=1, max_size=3), st.data())
def test_every_cut_gives_the_same_frames(frames: list[Frame], data: st.DataObject) -> None:
    stream = b"junk\r\n".join(map(framing.encode, frames)) + b"\0"
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    assert frames_of(stream, cuts) == frames == frames_of(stream, list(range(len(stream))))


def test_every_single_split_point_of_a_mixed_stream() -> None:
    frames = [Frame(0x84, 7, 9, bytes(range(60)), text) for text in (False, True, False)]
    stream = b"boot\r\n" + b"log line\n".join(map(framing.encode, frames)) + b"\xff\0"
    assert all(frames_of(stream, [cut]) == frames for cut in range(len(stream) + 1))


def test_random_streams_are_accepted_exactly_as_by_the_independent_decoder() -> None:
    assert wire_reference.compare_random_streams(4000, seed=1) > 1000


@pytest.mark.parametrize("text", [False, True])
def test_any_single_changed_byte_is_noticed(text: bool) -> None:
    frame = Frame(0x84, 1, 2, b"answer", text)
    good = framing.encode(frame)
    for at in range(len(good) - 1):  # the last byte is a delimiter that a lost byte may stand for
        for value in range(256):
            if value != good[at]:
                changed = bytes([*good[:at], value, *good[at + 1 :]])
                assert frame not in frames_of(changed)


def test_first_frame_after_a_burst_parses() -> None:
    first, second = Frame(0x84, 1, 2, bytes(100)), Frame(0x84, 1, 3, bytes(range(100)))
    stream = framing.encode(first)[:40] + framing.encode(second)
    assert frames_of(stream) == [second]


def test_log_text_is_kept_and_not_counted_as_damage() -> None:
    frame = Frame(0x84, 1, 2, b"x")
    stream = (
        b"boot v1\r\n\x1b[32mready\x1b[0m\n"
        + framing.encode(frame)
        + b"temp 31 \xc2\xb0C\n"
        + framing.encode(frame)
    )
    assert decode(stream) == [
        LogLine(b"boot v1"),
        LogLine(b"\x1b[32mready\x1b[0m"),
        frame,
        LogLine("temp 31 °C".encode()),
        frame,
    ]


def test_log_line_inside_a_frame_is_kept_and_the_rest_is_damage() -> None:
    coded = framing.encode(Frame(0x84, 1, 2, bytes(range(1, 20))))
    events = decode(coded[:9] + b"[  12] adc saturated\r\n" + coded[9:])
    assert LogLine(b"[  12] adc saturated") in events
    discarded = sum(len(event.data) for event in events if isinstance(event, Rejected))
    assert discarded == len(coded) - 2  # all but the delimiters


def test_text_only_reports_lines_at_once() -> None:
    decoder = Decoder(text_only=True)
    assert decoder.feed(b"hello\nwor") == [LogLine(b"hello")]
    assert decoder.feed(b"ld\n") == [LogLine(b"world")]


def test_a_damaged_text_frame_is_no_log_line() -> None:
    good = framing.encode(Frame(0x84, 1, 2, b"answer", text=True))
    damaged = good.replace(b"A", b"B", 1)
    (event,) = decode(damaged, text_only=True)
    assert isinstance(event, Rejected)


def test_endless_text_without_line_end_stays_bounded() -> None:
    decoder = Decoder()
    events: list[Event] = []
    begun = time.process_time()
    for _ in range(1000):
        events += decoder.feed(b"x" * 997)
    events += decoder.flush()
    assert time.process_time() - begun < 2  # a megabyte; it takes a few hundredths
    assert sum(len(event.data) for event in events if isinstance(event, LogLine)) == 997_000
    assert len(decoder._chunk) < 4096


@given(st.binary(max_size=3000), st.integers(0, 3000))
def test_no_bytes_vanish_uncounted(data: bytes, cut: int) -> None:
    """Bytes are in a frame, in a log line or rejected; line ends and delimiters are in between."""
    events = decode(data, [min(cut, len(data))])
    counted = sum(len(event.data) for event in events if not isinstance(event, Frame))
    free = sum(data.count(byte) for byte in (b"\0", b"\n", b"\r"))
    blank = sum(1 for byte in data if byte in b" \t\x0b\x0c\x1c\x1d\x1e\x1f\x85")
    assert len(data) - free - blank <= counted
    assert counted <= len(data)


def test_a_binary_frame_that_hides_a_text_frame_is_recognised() -> None:
    inner = framing.encode(Frame(0x03, 5, 6, b"", text=True)).rstrip(b"\n")
    assert framing.hides_text_frame(framing.encode(Frame(0x03, 1, 2, b"abc" + inner)))
    assert not framing.hides_text_frame(framing.encode(Frame(0x03, 1, 2, b"{abc}")))
