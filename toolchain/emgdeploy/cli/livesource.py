"""--source: where live samples come from."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.signals import Preprocess
    from emgdeploy.signals.given import Reading
    from emgdeploy.signals.sources.source import Source


def add(parser: argparse._ActionsContainer, required: bool = False) -> None:
    """--source KIND:WHERE."""
    parser.add_argument(
        "--source",
        metavar="KIND:WHERE",
        required=required,
        help="samples as they come: stdin (-), serial:PORT, tcp:HOST:PORT, udp:PORT, myo:PORT, lsl:NAME, brainflow:BOARD, "
        "quattrocento:, muovi:, muovi+:, sessantaquattro+:, simulated: (docs/live.md)",
    )


def open_source(address: str, usual: Reading, bad_lines: int, console: Console) -> tuple[Preprocess, Source]:
    """Connect, and say what the numbers are taken for; the build's preprocessing with the source's electrodes.

    usual: what they are where the source says nothing of itself.
    """
    from emgdeploy.signals import given
    from emgdeploy.signals.sources import kinds
    from emgdeploy.signals.sources.address import Wanted
    from emgdeploy.signals.sources.live import Live

    feed = kinds.open_feed(address, Wanted(usual.columns, usual.least, bad_lines))
    try:
        how = given.of_source(feed.about, usual)
    except BaseException:
        feed.close()
        raise
    columns = f"{how.least} or more" if how.columns is None else how.columns
    console.note(
        f"{feed.about.title}: samples of {columns} numbers at {how.sample_rate_hz:g} Hz, one unit is {how.scale:g} mV"
    )
    return how.preprocess, Live(feed, how.sample_rate_hz, how.scale)
