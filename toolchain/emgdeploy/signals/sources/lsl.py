"""Streams of the Lab Streaming Layer, by pylsl. Rate, channels, units and times come with the stream.

The layout of the description is that of the EEG meta-data of XDF (channels, channel, label, unit).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from emgdeploy import optional
from emgdeploy.errors import InputError
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.feed import About, Chunk, Feed, NoSource
from emgdeploy.signals.sources.source import Clock
from emgdeploy.text import printable

FORM = "lsl:NAME?type=EMG&wait=S"
HELP = "a stream of the Lab Streaming Layer by its name, or the only one of a type (needs the extra live)"
OPTIONS: Mapping[str, str] = {
    "type": "of the stream, EMG without a name",
    "wait": "seconds to look for it, 5 without",
}

_MILLIVOLTS = {
    **dict.fromkeys(("microvolts", "microvolt", "uv", "µv"), 1e-3),
    **dict.fromkeys(("millivolts", "millivolt", "mv"), 1.0),
    **dict.fromkeys(("volts", "volt", "v"), 1e3),
}
_BUFFER_S = 60
_MOST_AT_ONCE, _WAIT_S = 1 << 14, 0.05
_ANOTHER_S = 0.5


class LslFeed(Feed):
    """pylsl: the module; inlet: of the stream, open."""

    def __init__(self, pylsl: Any, inlet: Any, about: About, clock: Clock) -> None:
        self.about, self._pylsl, self._inlet, self._clock = about, pylsl, inlet, clock
        self._offset = clock.now() - pylsl.local_clock()
        self._buffer = np.zeros((_MOST_AT_ONCE, about.columns or 1), np.float32)
        self._closed = False

    def read(self) -> Chunk | None:
        """See `Feed`. Its times are those of the stream, brought to this machine's clock."""
        while not self._closed:
            try:
                _, stamps = self._inlet.pull_chunk(
                    timeout=_WAIT_S, max_samples=_MOST_AT_ONCE, dest_obj=self._buffer, min_samples=1
                )
            except self._pylsl.util.LostError:  # its outlet is no more
                break
            if len(stamps):
                due = np.asarray(stamps, np.float64) + self._offset
                return Chunk(self._buffer[: len(stamps)].copy(), self._clock.now(), due)
        self._inlet.close_stream()
        return None

    def close(self) -> None:
        """See `Feed`."""
        self._closed = True


def open_feed(address: Address, wanted: Wanted) -> LslFeed:
    """See `kinds.Kind`."""
    pylsl = load()
    wait = address.number("wait", 5, 1, 3600)
    found = _resolve(pylsl, address, wait)
    inlet = pylsl.StreamInlet(
        found,
        max_buflen=_BUFFER_S,
        recover=False,
        processing_flags=pylsl.proc_clocksync | pylsl.proc_monotonize,
    )
    try:
        inlet.open_stream(wait)
        about = _about(inlet.info(wait), address)
    except (pylsl.util.TimeoutError, pylsl.util.LostError):
        raise NoSource(
            f"{address.text!r:.100}: the stream does not open", "start it again, then this"
        ) from None
    return LslFeed(pylsl, inlet, about, wanted.clock)


def load() -> Any:
    """pylsl, silent but for its errors, where the user has not configured it otherwise."""
    pylsl = optional.load("pylsl", extra="live")
    # Where it looks for a configuration: labstreaminglayer.readthedocs.io, LSLAPI.cfg.
    own = (Path("lsl_api.cfg"), Path.home() / "lsl_api/lsl_api.cfg", Path("/etc/lsl_api/lsl_api.cfg"))
    if "LSLAPICFG" not in os.environ and not any(path.exists() for path in own):
        with suppress(RuntimeError, AttributeError):  # an older library
            pylsl.set_config_content("[log]\nlevel = -2\n")
    return pylsl


def _resolve(pylsl: Any, address: Address, wait: int) -> Any:
    if address.where:
        by, value = "name", address.where
    else:
        by, value = "type", address.options.get("type", "EMG")
    streams = pylsl.resolve_byprop(by, value, minimum=1, timeout=wait)
    if streams:  # whether there is another one as well
        streams = pylsl.resolve_byprop(by, value, minimum=2, timeout=_ANOTHER_S)
    kind = address.options.get("type")
    streams = [one for one in streams if kind is None or one.type() == kind]
    if len(streams) == 1:
        return streams[0]
    if not streams:
        seen = [f"{one.name()} (type {one.type()})" for one in pylsl.resolve_streams(wait_time=1.0)]
        listed = printable(", ".join(sorted(seen)[:20])) or "none"
        raise NoSource(
            f"no LSL stream has the {by} {value!r:.80} within {wait} s",
            f"streams that are there: {listed}; start it, or name one with lsl:NAME",
        )
    names = ", ".join(sorted({printable(one.name()) for one in streams}))
    raise InputError(
        f"{len(streams)} LSL streams have the {by} {value!r:.80}: {names}", "name one with lsl:NAME"
    )


def _about(info: Any, address: Address) -> About:
    title = f"LSL stream {printable(info.name())}"
    if info.channel_format() == 3 or info.channel_count() < 1:
        raise InputError(f"{title} is one of text, not of samples", "name another one with lsl:NAME")
    labels, units = info.get_channel_labels() or [], info.get_channel_units() or []
    scales = {_MILLIVOLTS.get((unit or "").strip().lower()) for unit in units} - {None}
    return About(
        title,
        info.channel_count(),
        info.nominal_srate() or None,
        scales.pop() if len(scales) == 1 else None,
        tuple(label or "" for label in labels) if len(labels) == info.channel_count() else (),
    )
