"""Where an option's value comes from: command line, environment, --config, the project's emgdeploy.toml, default."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from emgdeploy import bounded
from emgdeploy.cli import project as projects
from emgdeploy.cli import verbs
from emgdeploy.cli.console import Console
from emgdeploy.cli.parser import Parser, add_common
from emgdeploy.errors import EmgDeployError, InputError, UsageError

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


def resolve(
    parser: Parser, verb: verbs.Verb, arguments: Sequence[str], console: Console
) -> argparse.Namespace:
    """Parse `arguments` and fill in what they leave open. Raises UsageError, InputError."""
    options = {action.dest: action for action in _options(parser)}
    defaults = {dest: action.default for dest, action in options.items()}
    required = [action for action in options.values() if action.required]
    groups: list[Any] = list(parser._mutually_exclusive_groups)
    required_groups = [group for group in groups if group.required]
    for group in required_groups:
        group.required = False  # another layer may supply it; checked below
    for action in options.values():
        action.required = False
        action.default = argparse.SUPPRESS  # so that the namespace holds only what was typed
    typed = vars(parser.parse_args(list(arguments)))
    blocked = _rivals(groups, typed)
    environment = _from_environment(options, typed.keys() | blocked)
    config_file = typed.get("config") or environment.get("config")
    lower = typed.keys() | blocked | environment.keys() | _rivals(groups, environment)
    config = _from_config(config_file, options, verb, lower, console) if config_file else {}
    lower |= config.keys() | _rivals(groups, config)
    project = _from_project(options, verb, lower, console)
    given = project | config | environment | typed
    _complete(parser, set(given), required, required_groups)
    values = defaults | given
    return argparse.Namespace(**values)


def _options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if action.option_strings and action.dest != "help":
            yield action


def _names(action: argparse.Action) -> set[str]:
    """What an option may be called in a config file: its name, and the others that the command line knows it by."""
    spelled = {
        option.lstrip("-").replace("-", "_") for option in action.option_strings if option.startswith("--")
    }
    return spelled | {action.dest}


def _rivals(groups: list[Any], given: Mapping[str, Any]) -> set[str]:
    """Options that may not appear beside one of `given`; a lower layer must not bring them back."""
    found: set[str] = set()
    for group in groups:
        members = {action.dest for action in group._group_actions}
        if members & given.keys():
            found |= members - given.keys()
    return found


def _complete(parser: Parser, given: set[str], required: list[argparse.Action], groups: list[Any]) -> None:
    missing = ["/".join(action.option_strings) for action in required if action.dest not in given]
    if missing:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    for group in groups:
        if not given & {action.dest for action in group._group_actions}:
            choices = " ".join("/".join(action.option_strings) for action in group._group_actions)
            parser.error(f"one of the arguments {choices} is required")


def _from_environment(options: Mapping[str, argparse.Action], taken: set[str]) -> dict[str, Any]:
    values = {}
    for dest, action in options.items():
        variable = f"EMGDEPLOY_{dest.upper()}"
        text = os.environ.get(variable)
        if text is None or dest in taken:
            continue
        value: Any = text.split(",") if _takes_list(action) else text
        values[dest] = _convert(action, value, f"the environment variable {variable}", UsageError)
    return values


def _from_config(
    path: Path, options: Mapping[str, argparse.Action], verb: verbs.Verb, taken: set[str], console: Console
) -> dict[str, Any]:
    entries, unknown = _matched(verb.translate_config(_read(path)), options, verb)
    if unknown and path.suffix == ".json":
        console.warn(f"{path}: keys without a meaning for {verb.name}: {', '.join(unknown)}")
    elif unknown:
        _complain_unless_known_elsewhere(path, unknown)
    return {
        dest: _convert(options[dest], value, f"{path}: {key}", InputError)
        for dest, (key, value) in entries.items()
        if dest not in taken and value is not None
    }


def _from_project(
    options: Mapping[str, argparse.Action], verb: verbs.Verb, taken: set[str], console: Console
) -> dict[str, Any]:
    """What the project's emgdeploy.toml says; nothing where there is none, or somebody else's."""
    project = projects.find()
    if project is None:
        return {}
    if projects.is_anothers(project.path):
        console.warn(f"{project.path} is left alone: others than you can write it or its folder")
        return {}
    table = _read(project.path)
    for key in (*table, *(key for part in table.values() if isinstance(part, dict) for key in part)):
        projects.refuse(project, key)
    found = _from_config(project.path, options, verb, taken, console)
    return projects.placed(project, options, found)


def _matched(
    table: dict[str, Any], options: Mapping[str, argparse.Action], verb: verbs.Verb
) -> tuple[dict[str, tuple[str, Any]], list[str]]:
    """Option -> (key as written, value), and the keys that are no option; the verb's own table wins."""
    own = table.pop(verb.name, {}) if isinstance(table.get(verb.name), dict) else {}
    options = {name: action for action in options.values() for name in _names(action)}
    found: dict[str, tuple[str, Any]] = {}
    unknown = []
    for key, value in (*table.items(), *own.items()):
        dest = key.replace("-", "_")
        if dest in options:
            found[options[dest].dest] = (key, value)
        elif not isinstance(value, dict):
            unknown.append(key)
        elif key not in verbs.names():
            unknown.append(f"[{key}]")
    return found, unknown


def _complain_unless_known_elsewhere(path: Path, unknown: list[str]) -> None:
    """One file may serve several verbs, so a key that any verb knows is fine at the top of it."""
    known: set[str] = set()
    for verb in verbs.all_verbs():
        parser = Parser(prog=verb.name, description="")
        verb.add_arguments(parser)
        add_common(parser)
        known |= {name for action in _options(parser) for name in _names(action)}
    for key in unknown:
        if key.replace("-", "_") not in known:
            near = difflib.get_close_matches(key.replace("-", "_"), known, n=2)
            raise InputError(
                f"{path}: no verb has an option {key}", " or ".join(near) or "emgdeploy VERB --help"
            )


def _read(path: Path) -> dict[str, Any]:
    hint = "check --config; docs/cli.md has an example"
    table = bounded.parsed(path, hint) if path.suffix == ".json" else bounded.toml(path, hint)
    if not isinstance(table, dict):
        raise InputError(f"{path} holds no keys and values", "see docs/cli.md for an example")
    return table


def _takes_list(action: argparse.Action) -> bool:
    return (
        action.nargs in ("*", "+") or (isinstance(action.nargs, int) and action.nargs > 0) or _appends(action)
    )


def _appends(action: argparse.Action) -> bool:
    return isinstance(action, argparse._AppendAction)


def _convert(action: argparse.Action, value: Any, place: str, error: type[EmgDeployError]) -> Any:
    """`value` as if it had been typed for `action`; otherwise `error` naming `place`."""
    hint = f"{action.option_strings[-1]}: {action.help or 'see --help'}"
    if action.nargs == 0:
        truth = _truth(value)
        if truth is None:
            raise error(f"{place} must be true or false, not {value!r}", hint)
        return truth if action.const is not False else not truth
    if _takes_list(action):
        items = value if isinstance(value, list) else [value]
        return [_single(action, item, place, error, hint) for item in items]
    return _single(action, value, place, error, hint)


def _single(action: argparse.Action, value: Any, place: str, error: type[EmgDeployError], hint: str) -> Any:
    if isinstance(value, bool | list | dict):
        if isinstance(action, argparse.BooleanOptionalAction) and isinstance(value, bool):
            return value
        raise error(f"{place} must be one value, not {value!r}", hint)
    try:
        kind = action.type
        result = kind(str(value)) if callable(kind) else str(value)
    except (argparse.ArgumentTypeError, TypeError, ValueError) as wrong:
        reason = f": {wrong}" if isinstance(wrong, argparse.ArgumentTypeError) else ""
        raise error(f"{place} = {value!r} cannot be used{reason}", hint) from wrong
    if action.choices is not None and result not in action.choices:
        raise error(f"{place} = {value!r}; allowed: {', '.join(map(str, action.choices))}", hint)
    return result


def _truth(value: Any) -> bool | None:
    text = str(value).lower()
    return True if text in _TRUE else False if text in _FALSE else None
