"""Consistent overhead byte stuffing: any bytes in, the same without a zero out.

Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2),
1999. A code byte c says that c - 1 bytes follow as they are and then, unless c is 255 or the data
ends there, one zero.
"""

from __future__ import annotations

_RUN = 254


def encode(data: bytes) -> bytes:
    """The stuffed form of `data`, at most len(data) + ceil(len(data) / 254) bytes (1 for no data)."""
    out = bytearray()
    blocks = data.split(b"\0")
    last = len(blocks) - 1
    for index, block in enumerate(blocks):
        start = 0
        while len(block) - start >= _RUN:
            out.append(_RUN + 1)
            out += block[start : start + _RUN]
            start += _RUN
        # A full run at the very end needs no closing code: nothing follows it.
        if start < len(block) or index < last or not start:
            out.append(len(block) - start + 1)
            out += block[start:]
    return bytes(out)


def decode(stuffed: bytes) -> bytes | None:
    """What `encode` was given, or None when `stuffed` is empty, holds a zero or ends inside a run."""
    if not stuffed or 0 in stuffed:
        return None
    parts: list[bytes] = []
    position, end = 0, len(stuffed)
    while position < end:
        code = stuffed[position]
        stop = position + code
        if stop > end:
            return None
        parts.append(stuffed[position + 1 : stop])
        position = stop
        if code <= _RUN and position < end:
            parts.append(b"\0")
    return b"".join(parts)
