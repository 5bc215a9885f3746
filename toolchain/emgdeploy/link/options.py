"""Every timeout, limit and count of the link in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from emgdeploy.errors import UsageError

_SECONDS = 0.001, 86_400.0
_LIMITS: dict[str, tuple[float, float]] = {
    "reply_timeout": _SECONDS,
    "least_timeout": _SECONDS,
    "connect_patience": _SECONDS,
    "boot_patience": _SECONDS,
    "hello_interval": _SECONDS,
    "patience": _SECONDS,
    "inference_limit": _SECONDS,
    "lost_in_a_row": (1, 1000),
    "fallback_s": _SECONDS,
    "probe_tries": (1, 1000),
    "baud_tries": (1, 1000),
    "in_flight_windows": (1, 128),
    "in_flight_bytes": (1, 1 << 24),
    "chunk_bytes": (1, 1024),
    "first_sequence": (0, 0xFFFF),
    "reply_limit": (1, 1024),
    "baud": (1, 12_000_000),
}

Encoding = Literal["auto", "binary", "text"]


@dataclass(frozen=True)
class LinkOptions:
    """How patient and how bold the host is. Times in seconds, sizes in bytes.

    reply_timeout: wait for an answer, beyond what the wire needs, before a frame is sent again. It is in use until
    something has been measured; then the wait follows the round trips, and doubles while nothing comes.
    least_timeout: it never waits less. inference_limit: longest inference that a device is believed before one
    has been measured.
    connect_patience: how long a device may stay silent before the handshake gives up.
    boot_patience: the same for one that has been heard, but does not greet yet: its self-test takes time.
    hello_interval: between the first greetings; it grows, because a device that boots collects them.
    patience: how long nothing may get through before the link counts as too noisy.
    run_margin: how much longer than the slowest inference so far one may take.
    resets: how often the device may restart on one window before that window counts as unanswered.
    lost_in_a_row: so many windows lost one after the other end it.
    encoding: "auto" probes the path and falls back to the text-safe encoding.
    in_flight_windows, in_flight_bytes, chunk_bytes: below what the device allows; None for as it allows.
    overrun: send more than the device can hold, to see what happens.
    first_sequence: None for a random one.
    baud: rate to go up to after the handshake, None to stay. baud_tries: echoes that must come back there.
    probe_tries: how often a block of bytes is sent there and back before it is halved.
    reply_limit: most bytes of an output or of the device's facts in one answer.
    fallback_s: how long a device holds a raised rate without hearing anything; then both go back.
    """

    reply_timeout: float = 0.25
    least_timeout: float = 0.05
    connect_patience: float = 3.0
    boot_patience: float = 20.0
    hello_interval: float = 0.25
    patience: float = 10.0
    run_margin: float = 2.0
    inference_limit: float = 30.0
    resets: int = 3
    lost_in_a_row: int = 3
    encoding: Encoding = "auto"
    probe_tries: int = 4
    in_flight_windows: int | None = None
    in_flight_bytes: int | None = None
    chunk_bytes: int | None = None
    overrun: bool = False
    first_sequence: int | None = None
    reply_limit: int = 128
    baud: int | None = None
    baud_tries: int = 8
    fallback_s: float = 2.0

    def __post_init__(self) -> None:
        """Raises UsageError for what no link can do."""
        for name, (least, most) in _LIMITS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise UsageError(
                    f"the setting of the link {name} cannot be {value}", f"a value from {least:g} to {most:g}"
                )


EMULATED = LinkOptions(connect_patience=20.0, reply_timeout=2.0, least_timeout=2.0)
"""For a board in an emulator: the line loses nothing, so that what is late on a busy machine is waited for. An
emulator that does not start says so itself."""
