"""`python -m emgdeploy`, the same as the console script."""

import sys

from emgdeploy.cli import process

sys.exit(process())
