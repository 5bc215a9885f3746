"""Public data sets, a file each."""

from __future__ import annotations

from emgdeploy.signals.readers.public import (
    capgmyo,
    emg2qwerty,
    epn612,
    flexemg_v2,
    grabmyo,
    hyser,
    ninapro,
    putemg,
)
from emgdeploy.signals.readers.public.layout import Layout

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for module in (ninapro, capgmyo, hyser, grabmyo, epn612, putemg, emg2qwerty, flexemg_v2)
    for layout in module.LAYOUTS
}
