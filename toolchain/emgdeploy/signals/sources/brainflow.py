"""Boards that BrainFlow knows, by its library: OpenBCI and many more, and one that is synthetic.

What stands in a row of its data is in its board descriptor; EMG and EXG channels are microvolts
(brainflow.readthedocs.io, Data Format Description).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from emgdeploy import optional
from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.feed import About, Chunk, Counter, Feed, NoSource
from emgdeploy.signals.sources.source import Clock
from emgdeploy.text import printable

FORM = "brainflow:BOARD?serial_port=PORT"
HELP = "a board that BrainFlow knows, such as cyton or synthetic (needs the extra live)"
OPTIONS: Mapping[str, str] = {
    "serial_port": "where the board is",
    "mac_address": "of the board",
    "serial_number": "of the board",
    "ip_address": "of the board",
    "ip_port": "of the board",
    "timeout": "seconds to find it",
}

_MODULUS = 256
_BUFFER_S = 60
_POLL_S = 0.01


class BrainFlowFeed(Feed):
    """board: a BoardShim that streams. described: its descriptor."""

    def __init__(self, board: Any, described: Mapping[str, Any], about: About, clock: Clock) -> None:
        self.about, self._board, self._clock = about, board, clock
        self._emg: list[int] = channels_of(described)
        self._stamp, self._number = described["timestamp_channel"], described.get("package_num_channel")
        self._counter = Counter(_MODULUS, _MODULUS // 2)
        self._offset = clock.now() - time.time()
        self._closed = False

    def read(self) -> Chunk | None:
        """See `Feed`. Its times are those that BrainFlow gives each sample."""
        while not self._closed:
            data = self._board.get_board_data()
            if data.shape[1]:
                return self._chunk(data)
            self._clock.sleep(_POLL_S)
        return None

    def _chunk(self, data: Any) -> Chunk:
        values = np.ascontiguousarray(data[self._emg].T, np.float32)
        arrived = self._clock.now()
        if self._number is not None:
            whole = self._counter.filled(values, data[self._number].astype(np.int64) % _MODULUS)
            self.lost = self._counter.lost
            if len(whole) != len(values):  # nobody knows when the lost ones were due
                return Chunk(whole, arrived)
        return Chunk(values, arrived, data[self._stamp] + self._offset)

    def close(self) -> None:
        """See `Feed`."""
        if not self._closed:
            self._closed = True
            self._board.stop_stream()
            self._board.release_session()


def open_feed(address: Address, wanted: Wanted) -> BrainFlowFeed:
    """See `kinds.Kind`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for its library in an old way
        shim = optional.load("brainflow.board_shim", extra="live")
        shim.BoardShim.disable_board_logger()
        number = board_id(shim, address.where)
        described = shim.BoardShim.get_board_descr(number)
    if not channels_of(described):
        raise InputError(f"brainflow:{address.where} has no EMG channels", "name another board")
    parameters = shim.BrainFlowInputParams()
    for name in OPTIONS.keys() & address.options.keys():
        whole = name in ("ip_port", "timeout")
        setattr(parameters, name, address.number(name, 0, 0, 65535) if whole else address.options[name])
    board = shim.BoardShim(number, parameters)
    try:
        board.prepare_session()
        board.start_stream(int(_BUFFER_S * described["sampling_rate"]))
    except shim.BrainFlowError as error:
        raise NoSource(
            f"the board {described['name']} does not answer: {printable(str(error))}",
            "switch it on and say where it is, such as brainflow:cyton?serial_port=/dev/ttyUSB0",
        ) from None
    return BrainFlowFeed(board, described, _about(described), wanted.clock)


def channels_of(described: Mapping[str, Any]) -> list[int]:
    """The rows of its data that are EMG, or else EXG or EEG."""
    for key in ("emg_channels", "exg_channels", "eeg_channels"):
        if described.get(key):
            return list(described[key])
    return []


def board_id(shim: Any, name: str) -> int:
    """The number of a board by its name, with or without _BOARD. Raises UsageError with those there are."""
    boards = {member.name.removesuffix("_BOARD").lower(): member.value for member in shim.BoardIds}
    wanted = name.lower().removesuffix("_board").replace("-", "_")
    if wanted not in boards:
        raise UsageError(f"BrainFlow has no board {name!r:.40}", f"its boards: {', '.join(sorted(boards))}")
    return int(boards[wanted])


def _about(described: Mapping[str, Any]) -> About:
    count = len(channels_of(described))
    return About(f"BrainFlow's {described['name']}", count, float(described["sampling_rate"]), 1e-3)
