"""A source whose samples the page is shown as they pass."""

from __future__ import annotations

from collections.abc import Callable

from emgdeploy.signals.sources.source import Piece, Source


class Watched:
    """See `Source`."""

    def __init__(self, source: Source, shown: Callable[[Piece], None]) -> None:
        self._source, self._shown = source, shown

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
        if piece is not None:
            self._shown(piece)
        return piece

    def notes(self) -> list[str]:
        """See `Source`."""
        return self._source.notes()

    def close(self) -> None:
        """See `Source`."""
        self._source.close()
