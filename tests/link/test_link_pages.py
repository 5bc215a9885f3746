"""The pages about the link name every message and every setting there is."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path

import pytest

from emgdeploy.errors import EmgDeployError
from emgdeploy.link import faults
from emgdeploy.link.options import LinkOptions

_DOCS = Path(__file__).parents[2] / "docs"

FAULTS: list[EmgDeployError] = [
    faults.PortMissing("PORT"),
    faults.PortBusy("PORT"),
    faults.PortDenied("PORT"),
    faults.PortUnusable("PORT", "REASON"),
    faults.Unplugged("PORT"),
    faults.SilentDevice("PORT", 3.0),
    faults.GarbledLink("PORT", 4096, 115200),
    faults.ForeignDevice("PORT", "TEXT"),
    faults.OtherProtocol("PORT", 2, 1),
    faults.NoisyLink("REASON"),
    faults.DeviceReset(),
    faults.RestartLoop(3),
    faults.ProtocolBreach("REASON"),
    faults.RequestRefused("parameters"),
]


def test_none_is_left_out() -> None:
    there = {
        item
        for _, item in inspect.getmembers(faults, inspect.isclass)
        if issubclass(item, EmgDeployError) and item.__module__ == faults.__name__
    }
    assert there == {type(fault) for fault in FAULTS}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_every_message_has_a_heading(fault: EmgDeployError) -> None:
    page = (_DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    assert f"\n## {fault.message}\n" in page


def test_every_setting_is_listed_with_its_default() -> None:
    page = (_DOCS / "cli.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    for field in dataclasses.fields(LinkOptions):
        (row,) = (line for line in rows if f"`{field.name}`" in line.split("|")[1])
        default = getattr(LinkOptions(), field.name)
        shown = (
            "none"
            if default is None
            else "0"
            if default is False
            else f"{default:g}"
            if default != "auto"
            else "auto"
        )
        assert shown in row.split("|")[2], field.name
