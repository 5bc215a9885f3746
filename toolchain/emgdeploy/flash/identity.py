"""Is the device that answers the one this build is for?"""

from __future__ import annotations

from emgdeploy.errors import DeviceMismatchError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.facts import DeviceInfo
from emgdeploy.link.wire import SelfTest
from emgdeploy.text import printable


def check(info: DeviceInfo, manifest: Manifest) -> None:
    """Raise DeviceMismatchError naming the first thing in which device and build differ.

    A device whose boot self-test failed is refused too: its answers would be wrong.
    """
    for what, device, build in (
        ("board", info.board, manifest.board),
        ("model", info.model_sha256, manifest.model_sha256),
        ("firmware build", info.firmware_build_id, manifest.firmware_build_id),
    ):
        if device != build:
            raise DeviceMismatchError(
                f"the device has {what} {printable(device)[:64]}, this build is for {what} {build}",
                "flash this build with `emgdeploy flash`, or name the device's own build with --build",
            )
    if info.selftest is not SelfTest.PASSED:
        raise DeviceMismatchError(
            "the device gave a wrong answer to its built-in test window when it started",
            "flash the build again; if it stays, the board's memory or clock is not as its board file says",
        )
