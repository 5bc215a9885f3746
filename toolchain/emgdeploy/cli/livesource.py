"""--source: where live samples come from."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli.console import Console

if TYPE_CHECKING:
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


def open_source(address: str, usual: Reading, bad_lines: int, console: Console) -> tuple[Reading, Source]:
    """Connect, and say what the numbers are taken for, with the source's electrodes.

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
    names = feed.about.names or how.names
    how = replace(how, names=names if len(names) == how.columns else ())
    return how, Live(feed, how.sample_rate_hz, how.scale)


def recorded(
    source: Source, path: Path, rate_hz: float, unit: str, names: tuple[str, ...], console: Console
) -> Source:
    """The source with its samples kept in that file. Raises UsageError for a file that cannot be."""
    from emgdeploy.signals import recordingspool
    from emgdeploy.signals.recordingspool import Spool
    from emgdeploy.signals.sources.recorded import Recorded

    recordingspool.check(path)

    def begin(columns: int) -> Spool:
        spool = Spool(path, rate_hz, unit, columns, names if len(names) == columns else ())
        if spool.recovered is not None:
            console.note(f"{spool.recovered}: what an earlier session left that did not end")
        return spool

    def ended(spool: Spool) -> None:
        console.note(f"{path}: {spool.samples:,} samples, {spool.samples / rate_hz:,.1f} s, are recorded")

    return Recorded(source, begin, ended)
