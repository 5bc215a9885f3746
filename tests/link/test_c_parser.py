"""The device's parser and session, compiled with sanitizers, against independent judges."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emgdeploy.link import framing
from emgdeploy.link.framing import Decoder, Frame

requests = st.builds(
    Frame,
    type=st.integers(0, 255),
    session=st.integers(0, 0xFFFFFFFF),
    sequence=st.integers(0, 0xFFFF),
    payload=st.one_of(st.binary(max_size=240), st.integers(0, 240).map(bytes), st.just(b"\x01" * 240)),
    text=st.booleans(),
)


def run(program: Path, *arguments: str, data: bytes = b"") -> bytes:
    done = subprocess.run([program, *arguments], input=data, capture_output=True, timeout=3600)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(requests, min_size=1, max_size=20))
def test_both_sides_encode_alike_and_read_each_other(parser_program: Path, frames: list[Frame]) -> None:
    lines = [f"{int(f.text)} {f.type} {f.session} {f.sequence} {f.payload.hex() or '-'}" for f in frames]
    coded = run(parser_program, "encode", data="\n".join(lines).encode()).split()
    ours = [framing.encode(frame) for frame in frames]
    assert [bytes.fromhex(line.decode()) for line in coded] == ours
    assert Decoder().feed(b"".join(ours)) == frames
    assert _decoded(parser_program, b"".join(ours)) == frames


def _decoded(program: Path, stream: bytes) -> list[Frame]:
    frames = []
    for line in run(program, "decode", data=stream).decode().splitlines():
        text, version, kind, session, sequence, payload = f"{line} ".split(" ")[:6]
        frames.append(
            Frame(int(kind), int(session), int(sequence), bytes.fromhex(payload), text == "1", int(version))
        )
    return frames


def test_frames_longer_than_the_device_takes_are_refused_and_the_next_one_parses(
    parser_program: Path,
) -> None:
    for text in (False, True):
        longer, good = Frame(3, 1, 2, bytes(241), text), Frame(3, 1, 3, b"good", text)
        assert _decoded(parser_program, framing.encode(longer) + framing.encode(good)) == [good]


def test_fuzzed_streams_are_accepted_exactly_as_by_the_independent_decoder(parser_program: Path) -> None:
    assert b"100000 executions" in run(parser_program, "fuzz", "100000", "1")


def test_fuzzed_requests_keep_the_promises_of_the_session(session_fuzzer: Path) -> None:
    assert b"400000 frames handled" in run(session_fuzzer, "400000", "1")


def test_fuzzed_requests_to_a_device_with_taps(tapped_fuzzer: Path) -> None:
    said = run(tapped_fuzzer, "400000", "1").decode()
    assert "400000 frames handled" in said
    steps, checksums = [int(word) for word in said.split() if word.isdecimal()][:2]
    assert steps > 1000 and checksums > 300
