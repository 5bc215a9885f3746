"""What can go wrong between here and the device, each with its own sentence and its own way out."""

from __future__ import annotations

from emgdeploy.errors import DeviceMismatchError, LinkError


class PortMissing(LinkError):
    """There is no such port."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no serial port {name}", "`emgdeploy ports` lists those that are there")
        self.name = name


class PortBusy(LinkError):
    """Another program holds the port."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the serial port {name} is in use by another program",
            f"close the serial monitor or other bench that holds it (`fuser {name}` names it)",
        )
        self.name = name


class PortDenied(LinkError):
    """This user may not open the port."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no permission to open the serial port {name}",
            "add your user to the group that owns it (`sudo usermod -aG dialout $USER`) and log in again",
        )
        self.name = name


class PortUnusable(LinkError):
    """The port exists and cannot be opened as a serial port. reason: what the system says."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"cannot open {name} as a serial port: {reason}",
            "give a serial device such as /dev/ttyUSB0 or COM3, or socket://HOST:PORT",
        )
        self.name = name


class Unplugged(LinkError):
    """The port vanished while it was in use."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the connection on {name} broke off", "check the cable and the board's power, then run it again"
        )
        self.name = name


class SilentDevice(LinkError):
    """Nothing at all came back. waited: seconds."""

    def __init__(self, name: str, waited: float) -> None:
        super().__init__(
            f"no answer on {name} within {waited:.1f} s: the device is silent",
            "check that it is powered, flashed (`emgdeploy flash`) and that this is its port (`emgdeploy ports`)",
        )
        self.waited = waited


class GarbledLink(LinkError):
    """Bytes come back, but nothing readable among them. received: how many."""

    def __init__(self, name: str, received: int, baud: int) -> None:
        super().__init__(
            f"{received} unreadable bytes and no answer on {name}: the baud rate is probably wrong (it is {baud} here)",
            "set --baud to the rate of the firmware; `emgdeploy boards` shows each board's",
        )
        self.received = received


class ForeignDevice(LinkError):
    """Readable text comes back, but nothing that speaks our protocol. said: its last line, escaped."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(
            f"the device on {name} runs something else: it says '{said}' and does not answer",
            "flash the build first (`emgdeploy flash`)",
        )
        self.said = said


class OtherProtocol(DeviceMismatchError):
    """The device speaks another version of the protocol, so it was not built by this emgdeploy."""

    def __init__(self, name: str, theirs: int, ours: int) -> None:
        super().__init__(
            f"the firmware on {name} speaks protocol version {theirs}, this emgdeploy speaks {ours}",
            "build and flash again with this version of emgdeploy",
        )
        self.theirs = theirs


class NoisyLink(LinkError):
    """Frames get through too rarely to go on. achieved: what was done until then, as a sentence."""

    def __init__(self, achieved: str) -> None:
        super().__init__(
            f"link too noisy: {achieved}",
            "shorten the cable, lower the baud rate, or measure it with `emgdeploy doctor --link-test`",
        )
        self.achieved = achieved


class DeviceReset(LinkError):
    """The device lost its session, most likely by a reset. Handled by the client unless it repeats."""

    def __init__(self) -> None:
        super().__init__("the device restarted", "check its power supply; a browned-out hub resets boards")


class RestartLoop(LinkError):
    """The device restarts on each window that it gets. count: windows lost one after the other."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"the device restarted again and again on {count} windows in a row",
            "check its power supply and its log (--trace); a firmware that crashes needs another build",
        )


class RequestRefused(DeviceMismatchError):
    """The firmware does not know the request."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the firmware on the device has no {what} that can be replaced",
            "build it with --adapt head, and flash that",
        )


class ProtocolBreach(LinkError):
    """A valid frame says something that the protocol forbids."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the device breaks the protocol: {what}", "build and flash again with this version of emgdeploy"
        )
