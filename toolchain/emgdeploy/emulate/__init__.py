"""Boards without hardware: the firmware as a process, or in QEMU, behind a pseudo terminal."""

from emgdeploy.emulate.running import EmulatedPort, RunningBoard, start

__all__ = ["EmulatedPort", "RunningBoard", "start"]
