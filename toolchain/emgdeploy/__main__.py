"""`python -m emgdeploy`, the same as the console script."""

import sys

from emgdeploy.cli import main

sys.exit(main())
