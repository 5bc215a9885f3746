"""Is this the device that the build was made for? No number is measured on another."""

from __future__ import annotations

import math

import numpy as np

from emgdeploy.errors import DeviceMismatchError, GateFailed
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.firmware.manifest_parts import InputTensor, OutputTensor
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.wire import SelfTest
from emgdeploy.text import printable

_FLASH = "flash this build (`emgdeploy flash`), or bench the build that is on the device (--build)"


class SelfTestFailed(GateFailed):
    """The right firmware, which answered its own known window wrong when it started."""


def check(info: DeviceInfo, manifest: Manifest) -> None:
    """Raises DeviceMismatchError naming the first fact that differs, SelfTestFailed.

    A build with taps is there to be asked what is wrong, and may fail its self-test.
    """
    _same("board", info.board, manifest.board, "connect the right board, or name its port with --port")
    _same("model", info.model_sha256, manifest.model_sha256, _FLASH)
    if info.taps and info.taps_of == manifest.firmware_build_id:
        raise DeviceMismatchError(
            "the device runs the build with taps of this build", "name the folder of that one with --build"
        )
    _same("firmware", info.firmware_build_id, manifest.firmware_build_id, _FLASH)
    if info.taps and info.taps != len(manifest.layers):
        _same("number of layers", str(info.taps), str(len(manifest.layers)), _FLASH)
    _same_parameters(info, manifest)
    _same("clock", f"{info.clock_hz} Hz", f"{manifest.clock_hz} Hz", _FLASH)
    _same("input", f"{info.input_bytes} bytes", f"{tensor_bytes(manifest.input)} bytes", _FLASH)
    _same("output", f"{info.output_bytes} bytes", f"{tensor_bytes(manifest.output)} bytes", _FLASH)
    if info.selftest is SelfTest.FAILED and not info.taps:
        raise SelfTestFailed(
            "the device's self-test at boot gave a wrong answer, so nothing is measured on it",
            "flash it again; if it stays, compile with another optimization level or compiler",
        )


def _same_parameters(info: DeviceInfo, manifest: Manifest) -> None:
    if info.parameters != manifest.parameter_set:
        raise DeviceMismatchError(
            f"the device uses the parameter set {printable(info.parameters)[:12]}, "
            f"{manifest.parameter_set[:12]} was expected",
            "emgdeploy calibrate --port PORT --list says what it has; --rollback gives it up",
        )


def tensor_bytes(tensor: InputTensor | OutputTensor) -> int:
    """Bytes of the device's buffer for `tensor`."""
    return math.prod(tensor.shape) * np.dtype(tensor.dtype).itemsize


def _same(what: str, device: str, build: str, hint: str) -> None:
    if device != build:
        shown = printable(device)[:80] or "(nothing)"
        raise DeviceMismatchError(f"the device's {what} is {shown}, the build's is {build}", hint)
