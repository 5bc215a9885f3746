"""Outputs as their own libraries receive them, over loopback."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any, cast

import pytest

from emgdeploy.bench.outputs.output import Event, open_output
from emgdeploy.errors import UsageError
from emgdeploy.signals.sources import lsl

EVENTS = [
    Event("fist", False, True, 0.1, 0.01, {"index": 0, "label": "fist"}),
    Event("fist", False, False, 0.2, 0.02, {"index": 1, "label": "fist"}),
    Event("rest", True, True, 0.3, 0.01, {"index": 2, "label": None}),
]


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        held.settimeout(5)
        yield held


def sent_to(address: str) -> None:
    with closing(open_output(address)) as output:
        for event in EVENTS:
            output.send(event)


def test_each_window_is_a_datagram_of_json(receiver: socket.socket) -> None:
    sent_to(f"udp:{receiver.getsockname()[1]}")
    assert [json.loads(receiver.recv(9999)) for _ in EVENTS] == [event.fields for event in EVENTS]


def test_each_window_is_a_message_of_open_sound_control(receiver: socket.socket) -> None:
    from pythonosc.osc_message import OscMessage

    sent_to(f"osc:127.0.0.1:{receiver.getsockname()[1]}")
    for event in EVENTS:
        message = cast(Any, OscMessage(receiver.recv(9999)))
        assert message.address == "/emgdeploy/decision"
        label, unsure, end_s, lag_s = message.params
        assert (label, unsure) == (event.label, int(event.unsure))
        assert (end_s, lag_s) == pytest.approx((event.end_s, event.lag_s))


def test_changes_are_markers() -> None:
    pylsl = lsl.load()
    with closing(open_output("lsl:decisions here")) as output:
        (found,) = pylsl.resolve_byprop("name", "decisions here", timeout=5)
        inlet = pylsl.StreamInlet(found)
        inlet.open_stream(5)
        for event in EVENTS:
            output.send(event)
        assert [inlet.pull_sample(timeout=5)[0] for _ in range(2)] == [["fist"], ["unsure"]]
        assert inlet.pull_sample(timeout=0.1)[0] is None
        inlet.close_stream()


@pytest.mark.parametrize(
    "address", ["lights", "udp:", "udp:host:99999", "osc:host", "udp:no.such.host.invalid:9"]
)
def test_outputs_that_make_no_sense(address: str) -> None:
    with pytest.raises(UsageError, match="--send"):
        open_output(address)
