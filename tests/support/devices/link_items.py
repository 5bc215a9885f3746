"""What the link must show, item by item, at any scale: in full, or at a hundredth.

Each function runs one item, asserts it, and returns the sentence with the figures.
"""

from __future__ import annotations

import random
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.link import framing, wire
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.framing import Decoder, Frame
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.proxy import FaultPlan, FaultyPort
from support.devices import wire_device, wire_reference
from support.devices.scenario import Outcome, stream
from support.devices.throughput import throughput
from support.devices.wire_device import Device, Firmware, expected

BAUD = 115200
# A device that computes for so many turns of a loop takes about 3 ms.
_SLOW_SPIN = 3_000_000


@dataclass(frozen=True)
class Rig:
    """Programs to run the items on: sanitized and as shipped, and a folder for more."""

    firmware: Firmware
    quick: Firmware
    folder: Path

    def special(self, name: str, **more: object) -> Firmware:
        """A device program of its own."""
        folder = self.folder / name
        folder.mkdir()
        return wire_device.build(folder, **more)  # type: ignore[arg-type]


Item = Callable[[Rig, int], str]


def clean(rig: Rig, count: int) -> Outcome:
    """The line without faults, for comparison."""
    outcome = stream(rig.firmware, FaultPlan(baud=BAUD), count)
    outcome.all_right()
    return outcome


def replaced_1e3(rig: Rig, count: int) -> str:
    """1. Each byte replaced with p = 1e-3, both ways; clean windows in turn, under the same load."""
    blocks = min(10, max(2, count // 100))
    clean_s = noisy_s = again = 0.0
    hits = 0, 0
    for block in range(blocks):
        without = clean(rig, max(15, count // blocks // 10))
        clean_s += without.seconds / without.windows
        outcome = stream(rig.firmware, FaultPlan(baud=BAUD, replace=1e-3, seed=1 + block), count // blocks)
        outcome.all_right()
        noisy_s += outcome.seconds / outcome.windows
        again += outcome.stats.retried
        hits = hits[0] + _hits(outcome)[0], hits[1] + _hits(outcome)[1]
    assert noisy_s <= 3.0 * clean_s, f"{noisy_s / clean_s:.2f} times the clean time"
    return (
        f"{count} of {count} right, {blocks / noisy_s:.1f}/s, {again:.0f} sent again, {hits[0]} bytes hit on the way "
        f"there, {hits[1]} on the way back; {noisy_s / clean_s:.2f} times the clean time"
    )


def _hits(outcome: Outcome) -> tuple[int, int]:
    """Damaged bytes there and back, once they are as many as the plan says."""
    port, stats = outcome.port, outcome.stats
    found = []
    for noise, passed in ((port.noise_out, stats.bytes_sent), (port.noise_in, stats.bytes_received)):
        hits = sum(noise.counts[kind] for kind in ("replace", "drop", "duplicate", "insert"))
        expected = port.plan.byte_rate * passed
        assert abs(hits - expected) < 5 * expected**0.5 + 0.02 * expected + 5, (hits, expected)
        found.append(hits)
    return found[0], found[1]


def replaced_1e2(rig: Rig, count: int) -> str:
    """2. p = 1e-2: all right, never silent over 30 s."""
    outcome = stream(rig.firmware, FaultPlan(baud=BAUD, replace=1e-2, seed=2), count)
    outcome.all_right()
    assert outcome.silence < 30
    there, back = _hits(outcome)
    return f"{outcome}; {there} bytes hit on the way there, {back} on the way back; longest silence {outcome.silence:.2f} s"


def dropped_doubled_inserted(rig: Rig, count: int) -> str:
    """3. Drop, duplicate, insert at 1e-3 each."""
    outcome = stream(
        rig.firmware, FaultPlan(baud=BAUD, drop=1e-3, duplicate=1e-3, insert=1e-3, seed=3), count
    )
    outcome.all_right()
    there, back = _hits(outcome)
    return f"{outcome}; {there} bytes hit on the way there, {back} on the way back"


def bursts(rig: Rig, count: int) -> str:
    """4. 64 bytes lost every 5 KB; the first intact frame after each burst parses, on both sides."""
    plan = FaultPlan(baud=BAUD, burst_every=5 * 1024, burst_length=64, seed=4)
    outcome = stream(rig.firmware, plan, count)
    outcome.all_right()
    lost = outcome.port.noise_out.counts["burst"] + outcome.port.noise_in.counts["burst"]
    parser = wire_device.compile_c("parser.c", wire_device.PARSER, rig.folder)
    cuts, intact = _cut_stream(parser, max(20, count // 10))
    return f"{outcome}; {lost} bursts; after each of {cuts} more both parsers took the next of {intact} intact frames"


def _cut_stream(parser: Path, bursts: int) -> tuple[int, int]:
    """Frames of all sizes and both encodings in one long stream with `bursts` holes, through both parsers."""
    draw = random.Random(4)
    whole = bytearray()
    spans: list[tuple[int, int, Frame]] = []
    while len(whole) < bursts * 5 * 1024:
        frame = Frame(
            wire.RESULT, 1, len(spans) & 0xFFFF, draw.randbytes(draw.randint(0, 240)), draw.random() < 0.3
        )
        begin = len(whole)
        whole += framing.encode(frame)
        spans.append((begin, len(whole), frame))
    end = bursts * 5 * 1024
    cut = b"".join(whole[at : at + 5 * 1024 - 64] for at in range(0, end, 5 * 1024))
    lost = range(5 * 1024 - 64, 5 * 1024)
    intact = [
        frame
        for a, b, frame in spans
        if b <= end and not any(at % (5 * 1024) in lost for at in (*range(a, b, 64), b - 1))
    ]
    # A frame that lost no more than a delimiter may be understood on top of the intact ones.
    known, lines = set(intact), [_as_line(frame) for frame in intact]
    assert [event for event in Decoder().feed(cut) if event in known] == intact
    read = subprocess.run([parser, "decode"], input=cut, capture_output=True, check=True).stdout.decode()
    known_lines = set(lines)
    assert [line for line in read.splitlines() if line in known_lines] == lines
    return bursts - 1, len(intact)


def _as_line(frame: Frame) -> str:
    """As tests/link/c/parser.c prints it."""
    return f"{int(frame.text)} 1 {frame.type} {frame.session} {frame.sequence} {frame.payload.hex()}"


def fuzzed_parsers(rig: Rig, count: int, seed: int = 0) -> str:
    """5. The C parser and session under sanitizers, the Python parser; independent judges."""
    parser = wire_device.compile_c("parser.c", wire_device.PARSER, rig.folder)
    c_side = _output([parser, "fuzz", str(count), str(count + seed)])
    session = wire_device.compile_c("session_fuzz.c", wire_device.SESSION, rig.folder)
    c_session = _output([session, str(count // 4), str(count + seed)])
    tapped = wire_device.compile_c("session_fuzz.c", wire_device.SESSION, rig.folder, taps=5)
    c_tapped = _output([tapped, str(count // 4), str(count + seed)])
    accepted = wire_reference.compare_random_streams(count // 10, seed=count + seed)
    return f"C: {c_side}; {c_session}; with taps: {c_tapped}; Python: {count // 10} streams, {accepted} frames accepted by both decoders"


def _output(command: list[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def split_points(rig: Rig, count: int) -> str:
    """6. Every split point and one-byte reads: the same frames."""
    draw = random.Random(6)
    splits = 0
    for _ in range(count):
        frames = [
            Frame(
                draw.randrange(256),
                draw.getrandbits(32),
                i,
                draw.randbytes(draw.choice((0, 3, 40))),
                draw.random() < 0.5,
            )
            for i in range(3)
        ]
        stream_bytes = b"log line\n".join(framing.encode(frame) for frame in frames)
        for cut in range(len(stream_bytes) + 1):
            decoder = Decoder()
            events = decoder.feed(stream_bytes[:cut]) + decoder.feed(stream_bytes[cut:])
            assert [event for event in events if isinstance(event, Frame)] == frames
            splits += 1
        decoder = Decoder()
        one_by_one = [event for byte in stream_bytes for event in decoder.feed(bytes([byte]))]
        assert [event for event in one_by_one if isinstance(event, Frame)] == frames
    return f"{count} streams of 3 frames at each of {splits} split points and byte by byte: the same frames"


def talkative_tty(rig: Rig, count: int) -> str:
    """7. Boot banner, log lines between and inside frames, echo and CR/LF translation."""
    banner = b"".join(b"[%4d] boot: stage %d ok\r\n" % (i, i) for i in range(90))[:2048]
    plan = FaultPlan(
        baud=BAUD, banner=banner, log_between=0.2, log_inside=0.01, cooked=True, echo=True, seed=7
    )
    outcome = stream(rig.firmware, plan, count)
    outcome.all_right()
    assert outcome.text_safe and outcome.stats.echoes > count
    inside = outcome.port.noise_in.counts["log_inside"]
    assert inside >= count // 200 and outcome.stats.log_lines > outcome.port.noise_in.counts["log"] // 2
    return f"{outcome}; {inside} frames with a log line inside, {outcome.stats.log_lines} log lines kept, {outcome.stats.echoes} echoes passed over"


def resets(rig: Rig, count: int) -> str:
    """8. Device reset at random points: noticed, resumed, no stale answer."""
    draw = random.Random(8)
    wanted = count

    def again(port: FaultyPort, _answers: int) -> None:
        if port.next_reset is None and len(port.reset_at) < wanted:
            port.reset_again(draw.randint(1, 3000))

    plan = FaultPlan(baud=BAUD, reset_after=draw.randint(1, 3000), banner=b"boot rom\r\n", seed=8)
    outcome = stream(rig.firmware, plan, 8 * wanted + 40, each=again)
    outcome.all_right()
    assert len(outcome.port.reset_at) >= wanted, len(outcome.port.reset_at)
    assert outcome.silence < 5
    return f"{outcome}; {len(outcome.port.reset_at)} resets, longest silence {outcome.silence:.2f} s"


def late_answers(rig: Rig, count: int) -> str:
    """9. Replies delayed by 0 to 2 timeouts: each counted and computed once."""
    options = LinkOptions(reply_timeout=0.02, least_timeout=0.02)
    outcome = stream(rig.firmware, FaultPlan(delay_s=0.04, seed=9), count, options)
    outcome.all_right()
    assert outcome.device is not None and outcome.device.inferences == count
    return (
        f"{outcome}; computed {outcome.device.inferences}, {outcome.stats.stale} repeated answers passed over"
    )


def small_ring(rig: Rig, count: int) -> str:
    """12. The 256-byte ring, host at full rate: nothing dropped; forced drops counted and survived."""
    slow = rig.special("slow", spin=_SLOW_SPIN // 4, flags=("-O1",))
    patient = LinkOptions(
        reply_timeout=5
    )  # a device that this machine holds up is late, and has lost nothing
    outcome = stream(slow, FaultPlan(ring=256, seed=12), count, patient)
    outcome.all_right()
    assert outcome.port.dropped == 0
    fast = stream(rig.quick, FaultPlan(ring=256, seed=12), count, patient)
    fast.all_right()
    assert fast.port.dropped == 0
    greedy = LinkOptions(in_flight_bytes=1024, overrun=True)
    forced = stream(slow, FaultPlan(ring=256, seed=13), max(40, count // 10), greedy)
    forced.all_right()
    assert forced.port.dropped > 0
    return (
        f"slow device: {outcome}; fast device: {fast}; forced: {forced.port.dropped} bytes dropped, {forced}"
    )


class _HandshakeSpoiler(FaultyPort):
    """Damages one in twenty of the frames that ask for or grant a rate."""

    def __init__(self, device: Device, seed: int) -> None:
        super().__init__(device.port, FaultPlan(baud=BAUD, garble=True, seed=seed), device_baud=device.speed)
        self._draw = random.Random(seed)
        self.spoilt = 0

    def _spoil(self, data: bytes, kind: int) -> bytes:
        for event in Decoder().feed(data):
            if isinstance(event, Frame) and event.type == kind and self._draw.random() < 0.05:
                self.spoilt += 1
                at = self._draw.randrange(1, len(data) - 1)
                return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
        return data

    def write(self, data: bytes) -> None:
        super().write(self._spoil(data, wire.BAUD))

    def read(self, timeout: float) -> bytes:
        return self._spoil(super().read(timeout), wire.BAUD_SET)


def baud_switches(rig: Rig, count: int) -> str:
    """13. Baud switches with 5% of handshakes corrupted: none stuck, fallback within 2 s."""
    rates = (230400, 460800, 115200, 921600, 57600)
    windows = rig.firmware.windows(5)
    answers = expected(windows)
    longest = failed = 0.0
    with Device(rig.firmware.program) as device:
        port = _HandshakeSpoiler(device, seed=13)
        client = DeviceClient(port)
        client.connect()
        for index in range(count):
            begun = time.monotonic()
            failed += not client.switch_baud(rates[index % len(rates)])
            client.ping()
            longest = max(longest, time.monotonic() - begun)
            for answer in client.stream((i, w.tobytes()) for i, w in enumerate(windows)):
                assert answer.output == answers[answer.index].tobytes()
    assert longest < 2.0, f"{longest:.2f} s"
    return (
        f"{count} switches, {port.spoilt} handshakes spoilt, {failed:.0f} switches given up, 0 stuck, "
        f"longest until the line worked again {longest:.2f} s"
    )


def soak(rig: Rig, count: int) -> str:
    """14. Many windows of a tiny model with counters started near their wrap."""
    near = (("runtime/app/session.c", "session->inferences = 0;", "session->inferences = 0xFFFFFF00u;"),
            ("runtime/app/session.c", "session->frames = 0;", "session->frames = 0xFFFFFF00u;"))  # fmt: skip
    tiny = rig.special("tiny", inputs=32, outputs=4, flags=("-O2",), changes=near)
    windows = tiny.windows(1000)
    answers = [row.tobytes() for row in expected(windows, 4)]
    inputs = [row.tobytes() for row in windows]
    wrong = 0
    seen = 0
    with Device(tiny.program) as device:
        client = DeviceClient(device.port, LinkOptions(first_sequence=0xFFF0))
        client.connect()
        begun = time.monotonic()
        before = device.resident_kib(), _resident_kib()
        for answer in client.stream((i, inputs[i % 1000]) for i in range(count)):
            seen += 1
            wrong += answer.output != answers[answer.index % 1000] or not answer.own_input
            if seen == min(2000, count // 2):
                before = device.resident_kib(), _resident_kib()
        seconds = time.monotonic() - begun
        grown = [
            after - old for after, old in zip((device.resident_kib(), _resident_kib()), before, strict=True)
        ]
        counted = client.ping().inferences
    assert (seen, wrong) == (count, 0)
    assert counted == (count + 0xFFFFFF00) & 0xFFFFFFFF
    assert max(grown) < 10 * 1024
    return (
        f"{seen} right in {seconds:.0f} s ({seen / seconds:.0f}/s), memory grew by {grown[0]} KiB on the device, "
        f"{grown[1]} KiB on the host"
    )


def _resident_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def full_throughput(rig: Rig, count: int) -> str:
    """The slower of link and inference is busy at least 90% of the time; echoes per second on a pty."""
    slow = rig.special("bound", spin=20 * _SLOW_SPIN, flags=("-O1",))
    return throughput(rig.quick, slow, count)


# Name, what it runs, how many at full scale and in the quick suite.
PACED: tuple[tuple[str, Item, int, int], ...] = (
    ("1 replaced 1e-3", replaced_1e3, 10_000, 100),
    ("2 replaced 1e-2", replaced_1e2, 200, 10),
    ("3 drop, duplicate, insert", dropped_doubled_inserted, 10_000, 100),
    ("4 bursts", bursts, 5_000, 150),
    ("6 split points", split_points, 500, 20),
    ("7 banner, log, echo, CR/LF", talkative_tty, 5_000, 50),
    ("8 resets", resets, 100, 5),
    ("9 late answers", late_answers, 10_000, 100),
    ("12 ring of 256", small_ring, 10_000, 200),
    ("13 baud switches", baud_switches, 100, 6),
)
PARSERS: tuple[tuple[str, Item, int, int], ...] = (("5 fuzzed parsers", fuzzed_parsers, 10_000_000, 100_000),)
STEADY: tuple[tuple[str, Item, int, int], ...] = (
    ("14 soak", soak, 1_000_000, 10_000),
    ("throughput", full_throughput, 1000, 60),
)
ITEMS = (*PACED, *PARSERS, *STEADY)
