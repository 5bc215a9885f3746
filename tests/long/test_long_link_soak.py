"""A million windows without a pause, and how busy line and device are: `make test-long-link-soak`.

About ten minutes.
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
    ("name", "item", "count"), [(name, item, full) for name, item, full, _ in link_items.STEADY],
    ids=[name for name, *_ in link_items.STEADY],
)  # fmt: skip
def test_link(
    name: str, item: link_items.Item, count: int, firmware: Firmware, quick_firmware: Firmware, tmp_path: Path
) -> None:
    once(name, LINK, lambda: item(Rig(firmware, quick_firmware, tmp_path), count))
