"""Flashing a Spresense over its USB serial port, through the boot loader that is on the board."""

from emgdeploy.flash.spresense.loader import Deadlines, Loader, check_image

__all__ = ["Deadlines", "Loader", "check_image"]
