"""Live sources against senders of their own kind over loopback; time is given where it matters."""

from __future__ import annotations

import os
import pty
import socket
import struct
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.sources import kinds
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.feed import Counter, NoSource
from emgdeploy.signals.sources.live import Live
from emgdeploy.signals.sources.myo import MyoFeed
from emgdeploy.signals.sources.otb import muovi, quattrocento, sessantaquattro
from emgdeploy.signals.sources.source import Clock
from support.devices.streams import taken

pytestmark = pytest.mark.timing

ROWS = np.random.default_rng(0).integers(-30000, 30000, (500, 8)).astype(np.float32)
TEXT = "".join(",".join(f"{value:g}" for value in row) + "\n" for row in ROWS.tolist()).encode()


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server of one connection; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            connection, _ = listening.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)
        assert not thread.is_alive()


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def test_lines_over_tcp() -> None:
    with (
        server(lambda connection: connection.sendall(b"hello\n" + TEXT)) as port,
        closing(Live(kinds.open_feed(f"tcp:127.0.0.1:{port}", Wanted(8)), 1000.0, 0.5)) as source,
    ):
        assert np.array_equal(taken(source, 1000).samples, ROWS * np.float32(0.5))
        assert source.skipped == 1 and "hello" in source.notes()[0]


def test_a_connection_that_is_torn_is_not_the_end_of_the_samples() -> None:
    def torn(connection: socket.socket) -> None:
        connection.sendall(TEXT[:500])
        time.sleep(0.2)  # so that they are read first
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with (
        server(torn) as port,
        closing(Live(kinds.open_feed(f"tcp:{port}", Wanted(8)), 1000.0, 1.0)) as source,
    ):
        assert len(taken(source, 5)) >= 5
        with pytest.raises(NoSource, match="has gone"):
            while source.take(1000) is not None:
                pass


def test_lines_in_datagrams() -> None:
    port = free_port(socket.SOCK_DGRAM)
    with closing(Live(kinds.open_feed(f"udp:{port}", Wanted(8)), 1000.0, 1.0)) as source:
        assert len(source.take(0) or ()) == 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for line in TEXT.splitlines()[:50]:
                sender.sendto(line, ("127.0.0.1", port))
        assert np.array_equal(taken(source, 50).samples, ROWS[:50])
    assert source.take(1) is None


def test_lines_and_myo_frames_from_a_serial_port() -> None:
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    name = os.ttyname(theirs)
    with closing(Live(kinds.open_feed(f"serial:{name}?baud=230400", Wanted(8)), 1000.0, 1.0)) as source:
        os.write(ours, TEXT[:2000])
        assert np.array_equal(taken(source, 20).samples, ROWS[: len(TEXT[:2000].splitlines()) - 1])
    with closing(Live(kinds.open_feed(f"myo:{name}", Wanted(8)), 200.0, 1.0)) as source:
        os.write(ours, b"7,8?<" + b",".join(b"%d" % n for n in (*range(8), *range(248, 256))) + b"?")
        assert taken(source, 2).samples.tolist() == [list(range(8)), list(range(-8, 0))]
        assert source.skipped == 1
    os.close(ours)
    os.close(theirs)


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_port_that_is_unplugged_is_named_and_one_that_is_closed_is_not() -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    name = os.ttyname(theirs)
    closed = Live(kinds.open_feed(f"serial:{name}", Wanted(8)), 1000.0, 1.0)
    assert len(closed.take(0) or ()) == 0
    closed.close()
    while (piece := closed.take(1)) is not None:
        assert not len(piece)
    gone = Live(kinds.open_feed(f"serial:{name}", Wanted(8)), 1000.0, 1.0)
    assert len(gone.take(0) or ()) == 0
    os.close(ours)
    os.close(theirs)
    with closing(gone), pytest.raises(NoSource, match=f"{name} has gone"):
        while gone.take(1) is not None:
            pass


@given(st.data())
def test_myo_frames_in_any_pieces_and_with_noise_between(data: st.DataObject) -> None:
    samples = data.draw(st.lists(st.lists(st.integers(-128, 127), min_size=16, max_size=16), max_size=6))
    noise = st.text("<0123456789, \r\nxy", max_size=40).map(str.encode)
    sent, expected, wrong = b"", [], 0
    for values in samples:
        if data.draw(st.booleans()):
            garbage = data.draw(noise) + b"x?"
            sent += garbage
            wrong += 1
        mark = data.draw(st.sampled_from([b",", b" ", b", ", b"\r\n"]))
        sent += b"<" + mark.join(b"%d" % (value % 256) for value in values) + b"?"
        expected += [values[:8], values[8:]]
    feed = MyoFeed("bridge", lambda: b"", 100, Clock())
    cut = data.draw(st.integers(1, 50))
    got = [feed.rows(sent[at : at + cut]) for at in range(0, len(sent), cut)]
    rows = np.concatenate([np.zeros((0, 8), np.float32), *got])
    assert rows.tolist() == expected and wrong <= feed.skipped <= 2 * wrong


@given(st.binary(max_size=400))
def test_myo_frames_of_any_bytes_are_numbers_or_skipped(data: bytes) -> None:
    rows = MyoFeed("bridge", lambda: b"", 100, Clock()).rows(data)
    assert (rows.shape[1] == 8 and not len(rows)) or (np.abs(rows) <= 128).all()


def test_a_bridge_that_sends_something_else_is_named() -> None:
    feed = MyoFeed("bridge", lambda: b"1,2,3?", 20, Clock())
    with pytest.raises(InputError, match="20 frames in a row are not the Myo bridge's"):
        feed.read()


@settings(max_examples=50)
@given(st.sets(st.integers(1, 400)), st.integers(0, 65535), st.integers(1, 60))
def test_samples_that_are_lost_are_rows_of_nan(lost: set[int], first: int, cut: int) -> None:
    counts = (np.arange(401) + first) % 65536
    came = np.array([at for at in range(401) if at not in lost])
    counter = Counter(65536, 500)
    parts = [came[at : at + cut] for at in range(0, len(came), cut)]
    found = np.concatenate(
        [counter.filled(part[:, None].astype(np.float32), counts[part]) for part in parts]
    )[:, 0]
    assert counter.lost == np.isnan(found).sum() == len({one for one in lost if one < came[-1]})
    assert np.array_equal(np.flatnonzero(~np.isnan(found)), came)


@pytest.mark.parametrize("counts", [[0, 0, 0, 0], [9, 8, 7, 6], [5, 6, 5000, 5001]])
def test_a_counter_that_does_not_count_fills_nothing(counts: list[int]) -> None:
    counter = Counter(65536, 100)
    assert len(counter.filled(np.zeros((4, 1), np.float32), np.array(counts))) == 4 and counter.lost == 0


def test_the_crc_is_the_published_one() -> None:
    assert quattrocento.crc8(b"123456789") == 0xA1  # CRC-8/MAXIM-DOW, whose polynomial it is


def frames(
    count: int, channels: int, counter: int, order: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    made = np.random.default_rng(1).integers(-20000, 20000, (count, channels)).astype(order + "i2")
    made[:, counter] = np.arange(65000, 65000 + count).astype(np.uint16).astype(np.int16)
    return made


@pytest.mark.parametrize(("electrodes", "channels"), [("96", 120), ("192", 216), ("288", 312), ("384", 408)])
def test_a_quattrocento_is_started_read_and_stopped(electrodes: str, channels: int) -> None:
    sent = frames(3000, channels, channels - 8, "<")
    heard: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        command = connection.recv(64)
        heard.append(command)
        for part in np.split(np.delete(sent, range(1000, 1010), axis=0), 23):
            connection.sendall(part.tobytes())
        heard.append(connection.recv(64))

    with server(serve) as port:
        address = f"quattrocento:127.0.0.1:{port}?electrodes={electrodes}"
        with closing(Live(kinds.open_feed(address, Wanted()), 2048.0, 1.0)) as source:
            found = taken(source, 3000).samples
            about = source.feed.about
    start, stop = heard
    nch = ["96", "192", "288", "384"].index(electrodes)
    assert len(start) == 40 and start[0] == 0b11001001 | nch << 1
    assert start[3:39] == bytes([0, 0, 0b00010100]) * 12
    assert len(stop) == 40 and stop[0] == 0x80
    assert all(quattrocento.crc8(one) == 0 for one in heard)  # a CRC over itself leaves nothing
    assert about.columns == int(electrodes) and about.sample_rate_hz == 2048 and source.lost == 10
    assert np.isnan(found[1000:1010]).all()
    assert np.array_equal(
        np.delete(found, range(1000, 1010), axis=0),
        np.delete(sent, range(1000, 1010), axis=0)[:, : int(electrodes)],
    )


DEVICES = {
    "muovi": (b"\x09", b"\x00", muovi.layout("muovi"), "muovi", ""),
    "muovi+": (b"\x09", b"\x00", muovi.layout("muovi+"), "muovi+", ""),
    "64": (b"\x58\x41", b"\x58\x40", sessantaquattro.layout("2000", "64"), "sessantaquattro+", ""),
    "16 test": (
        b"\x2f\x41",
        b"\x2f\x40",
        sessantaquattro.layout("1000", "16"),
        "sessantaquattro+",
        "&rate=1000&electrodes=16&mode=test",
    ),
}


@pytest.mark.parametrize("device", DEVICES)
def test_devices_that_connect_to_this_machine(device: str) -> None:
    start, stop, layout, kind, options = DEVICES[device]
    sent, heard, port = frames(2000, layout.channels, layout.channels - 1, ">"), list[bytes](), free_port()

    def connect() -> None:
        while True:
            with suppress(ConnectionRefusedError):
                connection = socket.create_connection(("127.0.0.1", port))
                break
        with connection:
            heard.append(connection.recv(8))
            connection.sendall(sent.tobytes())
            heard.append(connection.recv(8))

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    address = f"{kind}:127.0.0.1:{port}?aux=1&wait=5{options}"
    with closing(Live(kinds.open_feed(address, Wanted()), layout.sample_rate_hz, 1.0)) as source:
        found = taken(source, 2000).samples
        assert source.feed.about.columns == layout.channels and source.lost == 0
    thread.join(5)
    assert np.array_equal(found, sent) and heard == [start, stop]


def test_who_does_not_answer_is_named() -> None:
    port = free_port()
    with pytest.raises(NoSource, match=f"nothing answers at 127.0.0.1 port {port}"):
        kinds.open_feed(f"tcp:{port}", Wanted())
    with pytest.raises(NoSource, match=f"Muovi has not connected to port {port} in 1 s"):
        kinds.open_feed(f"muovi:127.0.0.1:{port}?wait=1", Wanted())
    with pytest.raises(NoSource, match="/dev/none cannot be opened"):
        kinds.open_feed("serial:/dev/none", Wanted())


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sound:", "there is no source 'sound'"),
        ("tcp:somewhere", "names no port"),
        ("tcp:h:1?x=2", "has no option 'x'"),
        ("quattrocento:?rate=1000", "rate is '1000'"),
        ("muovi:?wait=0", "wait is '0'"),
        ("muovi:?wait=5&wait=6", "gives an option twice"),
        ("udp:", "names no port"),
        ("serial:", "names no port"),
        ("simulated:big", "the array"),
        ("brainflow:toaster", "BrainFlow has no board 'toaster'"),
    ],
)
def test_addresses_that_make_no_sense(address: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        kinds.open_feed(address, Wanted())


@given(st.text())
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    with suppress(UsageError):
        assert Address.parse(text).text == text


@pytest.mark.parametrize("name", kinds.KINDS)
def test_every_kind_says_what_it_is(name: str) -> None:
    kind = kinds.kind_of(name)
    assert kind.HELP and (name in kind.FORM or name == "stdin") and all(kind.OPTIONS.values())
