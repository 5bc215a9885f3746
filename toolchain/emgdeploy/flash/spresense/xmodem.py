"""Sending a file by XMODEM-1K (Forsberg, XMODEM/YMODEM Protocol Reference, 1988), with an end to every wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from emgdeploy.errors import LinkError
from emgdeploy.link.port import Port

_STX, _EOT, _ACK, _NAK, _CAN = 0x02, 0x04, 0x06, 0x15, 0x18
_CRC_WANTED = ord("C")
_BLOCK = 1024
_FILLER = b"\x1a"
_POLYNOMIAL = 0x1021


@dataclass(frozen=True)
class Patience:
    """Longest waits in seconds: for the receiver's first word, and for its answer to a block.

    tries: how often one block is sent before the transfer is given up.
    """

    first: float = 10.0
    answer: float = 10.0
    tries: int = 10


class TransferError(LinkError):
    """The transfer did not come to its end. sent: bytes the receiver has confirmed."""

    def __init__(self, reason: str, hint: str, sent: int) -> None:
        super().__init__(f"the transfer broke off after {sent:,} bytes: {reason}", hint)
        self.sent = sent


class NeverBegun(TransferError):
    """The receiver did not ask for the first block."""


_CABLE = "try again with a lower --baud, a shorter cable or another USB port"


def crc16(data: bytes) -> int:
    """CRC-16 of XMODEM: polynomial 0x1021, start 0, not reflected."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1) ^ _POLYNOMIAL if value & 0x8000 else value << 1
        value &= 0xFFFF
    return value


def block(number: int, data: bytes) -> bytes:
    """The `number`th block (from 1) around 1,024 bytes, the last one filled up."""
    filled = data.ljust(_BLOCK, _FILLER)
    return bytes((_STX, number & 0xFF, ~number & 0xFF)) + filled + crc16(filled).to_bytes(2, "big")


class Sender:
    """One transfer over `port`. progress: called with the bytes confirmed so far; clock: seconds.

    rest: what came after the last answer; it belongs to whoever talks next.
    """

    def __init__(
        self,
        port: Port,
        patience: Patience,
        progress: Callable[[int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._port = port
        self._clock = clock
        self._patience = patience
        self._progress = progress
        self.rest = bytearray()

    def send(self, data: bytes) -> None:
        """Send all of `data`. Raises NeverBegun, TransferError; both in bounded time.

        Interrupted, it tells the receiver, which would else wait for the rest of the file.
        """
        try:
            self._send(data)
        except KeyboardInterrupt:
            self.cancel()
            raise

    def _send(self, data: bytes) -> None:
        self._begin()
        sent = 0
        for number in range(1, (len(data) + _BLOCK - 1) // _BLOCK + 1):
            self._deliver(block(number, data[sent : sent + _BLOCK]), sent)
            sent = min(len(data), sent + _BLOCK)
            self._progress(sent)
        self._deliver(bytes((_EOT,)), sent)

    def cancel(self) -> None:
        """Tell the receiver that nothing more comes."""
        self._port.write(bytes((_CAN,)) * 4)

    def _begin(self) -> None:
        deadline = self._clock() + self._patience.first
        while (word := self._word(deadline)) is not None:
            if word == _CRC_WANTED:
                self.rest.clear()  # the receiver repeats its question while it waits
                return
            if word == _CAN:
                break
        raise NeverBegun("the loader did not ask for the first block", _CABLE, 0)

    def _deliver(self, data: bytes, sent: int) -> None:
        """Send until confirmed."""
        for _ in range(self._patience.tries):
            self._port.write(data)
            answer = self._answer(self._clock() + self._patience.answer)
            if answer == _ACK:
                return
            if answer == _CAN:
                raise TransferError("the loader cancelled it", "is the file larger than its flash?", sent)
            if answer is None:
                self.cancel()
                raise TransferError("the loader fell silent", _CABLE, sent)
        self.cancel()
        raise TransferError(f"one block was refused {self._patience.tries} times", _CABLE, sent)

    def _answer(self, deadline: float) -> int | None:
        """ACK, NAK, or CAN twice in a row; anything else is noise. None when the time is up."""
        cancels = 0
        while (word := self._word(deadline)) is not None:
            cancels = cancels + 1 if word == _CAN else 0
            if cancels == 2:
                return _CAN
            if word in (_ACK, _NAK):
                return word
        return None

    def _word(self, deadline: float) -> int | None:
        while not self.rest:
            left = deadline - self._clock()
            if left <= 0:
                return None
            self.rest += self._port.read(left)
        return self.rest.pop(0)
