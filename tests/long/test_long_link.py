"""The link on bad cables, in full, at the pace of a real one: `make test-long-link`.

About half an hour, most of it asleep. Items that have passed are not run again (tests/support/once.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support import link_items
from support.link_items import Rig
from support.once import LINK, once
from support.wire_device import Firmware

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("name", "item", "count"), [(name, item, full) for name, item, full, _ in link_items.PACED],
    ids=[name for name, *_ in link_items.PACED],
)  # fmt: skip
def test_link(
    name: str, item: link_items.Item, count: int, firmware: Firmware, quick_firmware: Firmware, tmp_path: Path
) -> None:
    once(name, LINK, lambda: item(Rig(firmware, quick_firmware, tmp_path), count))
