"""A source whose samples are kept as they pass."""

from __future__ import annotations

from collections.abc import Callable

from emgdeploy.signals.recordingspool import Spool
from emgdeploy.signals.sources.source import Piece, Source


class Recorded:
    """open_spool: makes the file, given the columns of a sample, when the first one has come. ended: is told when
    the recording is whole."""

    def __init__(
        self, source: Source, open_spool: Callable[[int], Spool], ended: Callable[[Spool], None]
    ) -> None:
        self._source, self._open, self._ended = source, open_spool, ended
        self._spool: Spool | None = None
        self._closed = False

    @property
    def skipped(self) -> int:
        """See `Source`."""
        return self._source.skipped

    @property
    def lost(self) -> int:
        """See `Source`."""
        return self._source.lost

    def take(self, at_least: int) -> Piece | None:
        """See `Source`."""
        piece = self._source.take(at_least)
        if piece is not None and len(piece):
            self._spool = self._spool or self._open(piece.samples.shape[1])
            self._spool.add(piece.samples, piece.due)
        return piece

    def notes(self) -> list[str]:
        """See `Source`."""
        return self._source.notes()

    def close(self) -> None:
        """See `Source`: what has come and was not taken is kept as well."""
        if self._closed:
            return
        self._closed = True
        try:
            self.take(0)
        finally:
            self._source.close()
            if self._spool is not None:
                self._spool.finish()
                self._ended(self._spool)
