"""Getting a build onto its board, and hearing from the board that it is there."""

from emgdeploy.flash.flashing import Flashed, flash

__all__ = ["Flashed", "flash"]
