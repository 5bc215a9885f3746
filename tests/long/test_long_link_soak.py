"""A million windows without a pause, and how busy line and device are: `make test-long-link-soak`.

About ten minutes.
"""

from __future__ import annotations

import pytest

from support.devices import link_items
from support.devices.link_in_full import in_full

pytestmark = pytest.mark.long

test_link = in_full(link_items.STEADY)
