"""What happened on the link, counted."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass
class LinkStats:
    """Counters since the port was opened.

    frames_rejected: pieces of the received stream that were neither frame nor text, and frames of
    ours that the device rejected. bytes_discarded: received bytes in no valid frame and no log line.
    retried: frames sent again. echoes: our own frames come back. stale: answers of an earlier session
    or to a question already answered. late: answers to what had been sent again or given up by then, so that
    the repeat was for nothing: the device was slow, and nothing was lost. resets: sessions that the device lost.
    log: the last lines of text between the frames, as they came.
    """

    bytes_sent: int = 0
    bytes_received: int = 0
    bytes_discarded: int = 0
    frames_sent: int = 0
    frames_received: int = 0
    frames_rejected: int = 0
    naks: int = 0
    retried: int = 0
    echoes: int = 0
    stale: int = 0
    late: int = 0
    resets: int = 0
    log_lines: int = 0
    log: deque[bytes] = field(default_factory=lambda: deque(maxlen=200))
