"""What a device says of itself in the handshake."""

from __future__ import annotations

from dataclasses import dataclass

from emgdeploy.link.faults import ProtocolBreach
from emgdeploy.link.wire import SelfTest, Welcome

(
    _BOARD,
    _BUILD,
    _MODEL,
    _CLOCK,
    _TICK,
    _TIMING,
    _SELFTEST_TICKS,
    _BAUD,
    _TOOL,
    _TAPS,
    _TAPS_OF,
    _PARAMETERS,
) = range(1, 13)

_MOST_TAPS = 0xFFFF  # READ names a layer by 16 bits


@dataclass(frozen=True)
class DeviceInfo:
    """A device's own account. Foreign text: escape it before showing it.

    firmware_build_id: 16 hex digits. model_sha256: 64. clock_hz, tick_hz in Hz. Sizes in bytes.
    depth: answers kept. selftest_ticks: what the boot self-test took, one inference and a bit.
    taps: steps whose outputs it hands out, 0 for firmware without taps; taps_of: the build ID of that.
    parameters: the set in use, 64 hex digits, "0" as built.
    """

    board: str
    firmware_build_id: str
    model_sha256: str
    clock_hz: int
    tick_hz: int
    timing_source: str
    selftest: SelfTest
    selftest_ticks: int
    baud: int
    tool_version: str
    protocol_version: int
    max_payload: int
    rx_buffer: int
    input_bytes: int
    output_bytes: int
    depth: int
    taps: int = 0
    taps_of: str = ""
    parameters: str = "0"

    @property
    def selftest_seconds(self) -> float:
        """How long one inference takes, roughly."""
        return self.selftest_ticks / self.tick_hz if self.tick_hz else 0.0


def parse(version: int, welcome: Welcome, info: bytes) -> DeviceInfo:
    """The handshake's two parts as one value. Unknown keys are passed over. Raises ProtocolBreach."""
    values = _split(info)

    def text(key: int) -> str:
        return values.get(key, b"").decode("utf-8", "replace")

    def number(key: int) -> int:
        return int.from_bytes(values.get(key, b""), "little")

    if number(_TAPS) > _MOST_TAPS:
        raise ProtocolBreach(f"it says that it has {number(_TAPS):,} layers")
    return DeviceInfo(
        board=text(_BOARD),
        firmware_build_id=text(_BUILD),
        model_sha256=text(_MODEL),
        clock_hz=number(_CLOCK),
        tick_hz=number(_TICK),
        timing_source=text(_TIMING),
        selftest=welcome.selftest,
        selftest_ticks=number(_SELFTEST_TICKS),
        baud=number(_BAUD),
        tool_version=text(_TOOL),
        protocol_version=version,
        max_payload=welcome.max_payload,
        rx_buffer=welcome.rx_buffer,
        input_bytes=welcome.input_bytes,
        output_bytes=welcome.output_bytes,
        depth=welcome.depth,
        taps=number(_TAPS),
        taps_of=text(_TAPS_OF),
        parameters=text(_PARAMETERS) or "0",
    )


def _split(info: bytes) -> dict[int, bytes]:
    values: dict[int, bytes] = {}
    position = 0
    while position < len(info):
        key, length = info[position], info[position + 1] if position + 1 < len(info) else 256
        end = position + 2 + length
        if end > len(info):
            raise ProtocolBreach("its facts end in the middle of one")
        values[key] = info[position + 2 : end]
        position = end
    return values
