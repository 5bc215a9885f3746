"""Getting a build onto its board, and hearing from the board that it is there."""

from emgdeploy.flash.flashing import Flashed, Way, flash

__all__ = ["Flashed", "Way", "flash"]
