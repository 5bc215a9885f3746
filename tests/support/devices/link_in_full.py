"""Link items at full scale, as one test of a file in tests/long."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.devices.link_items import Item, Rig
from support.devices.wire_device import Firmware
from support.long_runs.once import LINK, once


def in_full(items: tuple[tuple[str, Item, int, int], ...]) -> Callable[..., None]:
    """A test of each; those that have passed are not run again."""

    @pytest.mark.parametrize(
        ("name", "item", "count"), [entry[:3] for entry in items], ids=[entry[0] for entry in items]
    )
    def test_link(
        name: str, item: Item, count: int, firmware: Firmware, quick_firmware: Firmware, tmp_path: Path
    ) -> None:
        once(name, LINK, lambda: item(Rig(firmware, quick_firmware, tmp_path), count))

    return test_link
