"""The part of GDB's remote serial protocol that steers QEMU (GDB manual, appendix E)."""

from __future__ import annotations

import socket

from emgdeploy.errors import EmgDeployError

_PIECE = 1024  # bytes of memory per packet: QEMU takes packets of 4,096 characters
STACK_POINTER, LINK_REGISTER, PROGRAM_COUNTER = 13, 14, 15


class RemoteError(EmgDeployError):
    """The emulator went away or answered what it should not."""


class Remote:
    """One stopped core behind a connected socket; every call waits for its answer.

    timeout_s: how long a run may take. Raises RemoteError for refusals and lost connections.
    """

    def __init__(self, connection: socket.socket, timeout_s: float) -> None:
        self._connection = connection
        self._connection.settimeout(timeout_s)
        self._received = b""
        # QEMU answers for single registers only after somebody has asked what registers there are.
        self.ask("qXfer:features:read:target.xml:0,ffb")

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into RAM."""
        for at in range(0, len(data), _PIECE):
            piece = data[at : at + _PIECE]
            self._expect_ok(f"M{address + at:x},{len(piece):x}:{piece.hex()}")

    def read(self, address: int, size: int) -> bytes:
        """Bytes of memory."""
        data = b""
        while len(data) < size:
            answer = self.ask(f"m{address + len(data):x},{min(_PIECE, size - len(data)):x}")
            piece = bytes.fromhex(answer) if not answer.startswith("E") else b""
            if not piece:
                raise RemoteError(
                    f"memory at 0x{address:08x} cannot be read", "does the board match the build?"
                )
            data += piece
        return data

    def set_register(self, number: int, value: int) -> None:
        """r0 to r15."""
        self._expect_ok(f"P{number:x}={value.to_bytes(4, 'little').hex()}")

    def register(self, number: int) -> int:
        """r0 to r15."""
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")

    def run_to(self, address: int) -> None:
        """Go on until the core is about to execute `address`."""
        self._expect_ok(f"Z1,{address:x},2")
        answer = self.ask("c")
        self._expect_ok(f"z1,{address:x},2")
        at = self.register(PROGRAM_COUNTER)
        if not answer.startswith(("S05", "T05")) or at != address:
            raise RemoteError(
                f"the core stopped at 0x{at:08x} instead of 0x{address:08x}", "build the folder again"
            )

    def monitor(self, command: str) -> None:
        """A command for the emulator itself."""
        self._expect_ok(f"qRcmd,{command.encode().hex()}")

    def ask(self, packet: str) -> str:
        """Send one packet, return the answer."""
        self._send(packet)
        while True:
            answer = self._packet()
            # Console output of a monitor command comes before its OK.
            if not (packet.startswith("qRcmd") and answer.startswith("O") and answer != "OK"):
                return answer

    def _expect_ok(self, packet: str) -> None:
        answer = self.ask(packet)
        if answer != "OK":
            raise RemoteError(
                f"the emulator refuses {packet[:24]!r}: {answer!r}", "is QEMU 7.2 or later installed?"
            )

    def _send(self, packet: str) -> None:
        body = packet.encode()
        self._connection.sendall(b"$" + body + b"#%02x" % (sum(body) & 255))

    def _packet(self) -> str:
        while b"#" not in self._received or len(self._received) < self._received.index(b"#") + 3:
            try:
                more = self._connection.recv(65536)
            except TimeoutError as error:
                raise RemoteError("the emulator takes too long", "is the machine overloaded?") from error
            except OSError as error:
                raise RemoteError(f"the emulator is gone: {error}", "try again") from error
            if not more:
                raise RemoteError("the emulator ended", "try again with --trace")
            self._received += more
        end = self._received.index(b"#")
        start = self._received.index(b"$", 0, end) + 1
        body, self._received = self._received[start:end], self._received[end + 3 :]
        self._connection.sendall(b"+")
        return body.decode("ascii", "replace")
