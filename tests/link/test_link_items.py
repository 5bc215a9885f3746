"""What the link must show, at a hundredth of the scale of tests/long/test_long_link*.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.devices.link_items import ITEMS, Item, Rig
from support.devices.wire_device import Firmware


@pytest.mark.parametrize(
    ("item", "count"), [(item, quick) for _, item, _, quick in ITEMS], ids=[name for name, *_ in ITEMS]
)
def test_item(item: Item, count: int, firmware: Firmware, quick_firmware: Firmware, tmp_path: Path) -> None:
    print(item(Rig(firmware, quick_firmware, tmp_path), count))
