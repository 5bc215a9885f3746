"""Lines of numbers as a feed, whatever carries them."""

from __future__ import annotations

from collections.abc import Callable

from emgdeploy.signals.lines import LONGEST_LINE, LineParser
from emgdeploy.signals.sources.feed import About, Chunk, Feed
from emgdeploy.signals.sources.source import Clock


class TextFeed(Feed):
    """read_bytes: blocks for the next bytes, b"" at the end. close: of what is read from."""

    def __init__(
        self,
        read_bytes: Callable[[], bytes],
        parser: LineParser,
        clock: Clock,
        close: Callable[[], None] = lambda: None,
        silent_s: float = 3.0,
    ) -> None:
        self.about = About(parser.source, silent_s=silent_s)
        self._read, self._parser, self._clock, self._close = read_bytes, parser, clock, close
        self._rest = b""
        self._ended = False

    def read(self) -> Chunk | None:
        """See `Feed`. Raises InputError after too many lines that are no samples."""
        while not self._ended and self._parser.problem is None:
            data = self._read()
            arrived = self._clock.now()
            self._ended = not data
            rows = self._parser.rows(self._lines(data))
            self.skipped = self._parser.skipped
            if len(rows):
                return Chunk(rows, arrived)
        if self._parser.problem is not None:
            raise self._parser.problem
        return None

    def notes(self) -> list[str]:
        """Lines that were skipped."""
        if not self._parser.skipped:
            return []
        return [f"{self._parser.source}: a line that is no sample is skipped ({self._parser.first_skipped})"]

    def close(self) -> None:
        """See `Feed`."""
        self._close()

    def _lines(self, data: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE or (not data and self._rest):
            lines.append(self._rest)  # too long to be a line, or the last one: it counts as one
            self._rest = b""
        return lines
