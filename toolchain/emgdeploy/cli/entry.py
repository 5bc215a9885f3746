"""From argv to an exit status: every way a command can end is decided here."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence

from emgdeploy import __version__
from emgdeploy.boards import FOLDERS_VARIABLE
from emgdeploy.cli import endings, interrupts, layers, verbs
from emgdeploy.cli.console import Console
from emgdeploy.cli.parser import Parser, add_common
from emgdeploy.errors import EmgDeployError, UsageError

_USAGE = "usage: emgdeploy VERB [options]"
_LEADING_FLAGS = ("--json", "-v", "--trace")


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit status (the table in docs/cli.md)."""
    arguments = list(argv)
    console = Console(json_output="--json" in arguments, trace=bool({"-v", "--trace"} & set(arguments)))
    with interrupts.as_exceptions():
        try:
            status = _dispatch(arguments, console)
            console.flush()
            return status
        except BaseException as error:
            return endings.report(_with_command(error, argv), console)


def _with_command(error: BaseException, argv: Sequence[str]) -> BaseException:
    """The error, which says the command that was meant where nothing but an option was missing."""
    if isinstance(error, EmgDeployError) and error.missing_option:
        error.hint = f"emgdeploy {shlex.join([*argv, *error.missing_option])}"
    return error


def _dispatch(arguments: list[str], console: Console) -> int:
    flags = []
    while arguments and arguments[0] in _LEADING_FLAGS:
        flags.append(arguments.pop(0))
    first = arguments.pop(0) if arguments else None
    if first in ("-h", "--help") or (first == "help" and not arguments):
        console.plain(_overview())
        return 0
    if first in ("-V", "--version"):
        console.plain(f"emgdeploy {__version__}")
        return 0
    if first == "help":
        first, arguments = arguments[0], ["--help"]
    if first is None:
        raise UsageError("no verb given", "one of these: " + ", ".join(verbs.names()))
    if first.startswith("-"):
        raise UsageError(
            f"the option {first} stands before the verb", "emgdeploy VERB [options], or emgdeploy --help"
        )
    return perform(verbs.load(first), flags + arguments, console)


def perform(verb: verbs.Verb, arguments: list[str], console: Console) -> int:
    """Run a verb with options as typed; its exit status. Raises what the verb does."""
    args = parse(verb, arguments, console)
    console.json_output, console.trace = args.json, args.trace
    _use_board_folder(args)
    endings.quieten_libraries(args.trace)
    return verb.run(args, console)


def parse(verb: verbs.Verb, arguments: Sequence[str], console: Console) -> argparse.Namespace:
    """The verb's options with all four layers applied. Raises UsageError or InputError; --help exits."""
    parser = Parser(prog=f"emgdeploy {verb.name}", description=verb.help)
    verb.add_arguments(parser)
    add_common(parser)
    if {"-h", "--help"} & set(arguments):
        console.plain(parser.format_help().rstrip("\n"))
        raise SystemExit(0)
    return layers.resolve(parser, verb, arguments, console)


def _use_board_folder(args: argparse.Namespace) -> None:
    """Make --boards-dir visible to everything below, child processes included, as the variable is."""
    if args.boards_dir is not None:
        others = os.environ.get(FOLDERS_VARIABLE, "")
        os.environ[FOLDERS_VARIABLE] = os.pathsep.join(filter(None, (str(args.boards_dir), others)))


def _overview() -> str:
    known = verbs.all_verbs()
    width = max(len(verb.name) for verb in known)
    lines = [f"  {verb.name:<{width}}  {verb.help}" for verb in known]
    return "\n".join(
        [
            _USAGE,
            "",
            "From a trained sEMG gesture classifier to proven firmware on a microcontroller.",
            "",
            *lines,
            "",
            "emgdeploy VERB --help lists a verb's options; emgdeploy --version prints the version.",
        ]
    )
