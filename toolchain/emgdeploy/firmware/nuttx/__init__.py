"""Building the app folder inside a copy of somebody's NuttX or Spresense SDK."""

from emgdeploy.firmware.nuttx.image import NuttxOptions, make
from emgdeploy.firmware.nuttx.tree import Tree, find_nuttx, find_sdk

__all__ = ["NuttxOptions", "Tree", "find_nuttx", "find_sdk", "make"]
