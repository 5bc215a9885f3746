"""The command line: one small file per verb, found by its name. No logic lives here.

A verb module has NAME (its file's name), HELP (one line), `add_arguments(parser)` and
`run(args, console) -> int`. Its top-level imports are light, because `emgdeploy --help` reads all
of them. An option's value comes from the command line, else from EMGDEPLOY_<OPTION>, else from
`--config FILE`, else from its default. A verb reports failure by raising an `EmgDeployError`.
"""

from emgdeploy.cli.entry import main

__all__ = ["main"]
