"""The kinds of live sources. Each is a module beside this one, imported when it is named:

FORM: how an address looks. HELP: what it is. OPTIONS: name -> what it is. open_feed(address, wanted): connects.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Protocol, cast

from emgdeploy.errors import UsageError
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.feed import Feed

KINDS = {
    "stdin": "stdin",
    "serial": "serial_text",
    "tcp": "tcp_text",
    "udp": "udp_text",
    "myo": "myo",
    "lsl": "lsl",
    "brainflow": "brainflow",
    "quattrocento": "otb.quattrocento",
    "muovi": "otb.muovi",
    "muovi+": "otb.muovi",
    "sessantaquattro+": "otb.sessantaquattro",
    "simulated": "simulator",
}


class Kind(Protocol):
    """What a module of a source has."""

    FORM: str
    HELP: str
    OPTIONS: Mapping[str, str]

    def open_feed(self, address: Address, wanted: Wanted) -> Feed:
        """Connect. Raises UsageError for an address that makes no sense, NoSource where nobody answers."""


def kind_of(name: str) -> Kind:
    """The module of a kind. Raises UsageError that lists them."""
    if name not in KINDS:
        raise UsageError(
            f"there is no source {name!r:.40}", f"sources are: {', '.join(KINDS)} (docs/live.md)"
        )
    return cast(Kind, importlib.import_module(f"emgdeploy.signals.sources.{KINDS[name]}"))


def open_feed(text: str, wanted: Wanted) -> Feed:
    """Connect to the source of that address."""
    address = Address.parse(text)
    kind = kind_of(address.kind)
    address.check(kind.OPTIONS)
    return kind.open_feed(address, wanted)
