"""The link on bad cables, in full, at the pace of a real one: `make test-long-link`.

About half an hour, most of it asleep. Items that have passed are not run again (tests/support/long_runs/once.py).
"""

from __future__ import annotations

import pytest

from support.devices import link_items
from support.devices.link_in_full import in_full

pytestmark = pytest.mark.long

test_link = in_full(link_items.PACED)
