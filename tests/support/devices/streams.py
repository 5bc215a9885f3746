"""What comes out of a live source."""

from __future__ import annotations

import numpy as np

from emgdeploy.signals.sources.source import Piece, Source


def taken(source: Source, count: int) -> Piece:
    """So many samples or more, or all until the end."""
    pieces = [Piece(np.zeros((0, 0), np.float32), np.zeros(0))]
    while sum(map(len, pieces)) < count and (piece := source.take(count)) is not None:
        if len(piece):
            assert len(piece.due) == len(piece.samples)
            pieces.append(piece)
    return Piece(
        np.concatenate([piece.samples for piece in pieces[1:] or pieces]),
        np.concatenate([piece.due for piece in pieces]),
    )
