"""Lines of numbers from standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import BinaryIO

from emgdeploy.signals.lines import LineParser
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.text import TextFeed

FORM = "-"
HELP = "lines of numbers from standard input"
OPTIONS: Mapping[str, str] = {}

_READ_BYTES = 1 << 16


def open_feed(address: Address, wanted: Wanted) -> TextFeed:
    """See `kinds.Kind`."""
    parser = LineParser("standard input", wanted.columns, wanted.least, wanted.bad_lines)
    return TextFeed(reader(sys.stdin.buffer), parser, wanted.clock)


def reader(stream: BinaryIO) -> Callable[[], bytes]:
    """Reads past the stream's buffer, whose lock would outlive a reading thread."""
    number = stream.fileno()
    return lambda: os.read(number, _READ_BYTES)
