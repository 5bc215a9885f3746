"""Ten million streams through the device's parser, a million through the host's: `make test-long-link-parsers`.

In pieces of a tenth, each with streams of its own, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.devices.link_items import Rig, fuzzed_parsers
from support.devices.wire_device import Firmware
from support.long_runs.once import LINK, once

pytestmark = pytest.mark.long

PIECES = 10
EACH = 1_000_000


@pytest.mark.parametrize("piece", range(PIECES))
def test_parsers(piece: int, firmware: Firmware, quick_firmware: Firmware, tmp_path: Path) -> None:
    name = f"5 fuzzed parsers, piece {piece + 1} of {PIECES}"
    rig = Rig(firmware, quick_firmware, tmp_path)
    once(name, LINK, lambda: fuzzed_parsers(rig, EACH, seed=piece))
