"""Verbs are files: a module beside this one that has a NAME is a verb."""

from __future__ import annotations

import argparse
import difflib
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy.errors import UsageError

# What `emgdeploy --help` lists first, in the order in which a project needs them.
_ORDER = (
    *(
        "init",
        "record",
        "check",
        "train",
        "eval",
        "align",
        "convert",
        "build",
        "flash",
        "bench",
        "run",
        "calibrate",
        "profile",
        "size",
        "report",
        "export",
    ),
    *("sweep", "boards", "ports", "doctor", "setup", "simulate"),
)


@dataclass(frozen=True)
class Verb:
    """One verb module's contents.

    translate_config: rewrites the table of a config file, where a verb also understands the keys of
    another project's; keys it has no use for stay in and are named to the user.
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[..., int]
    translate_config: Callable[[dict[str, Any]], dict[str, Any]] = dict


def all_verbs() -> list[Verb]:
    """Every verb there is, in the order of `emgdeploy --help`."""
    modules = (info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)]))
    found = [verb for verb in map(_read, modules) if verb is not None]
    return sorted(found, key=lambda verb: (_rank(verb.name), verb.name))


def names() -> list[str]:
    """The names of `all_verbs`."""
    return [verb.name for verb in all_verbs()]


def load(name: str) -> Verb:
    """The verb `name`; only its own module is imported. Raises UsageError listing near names."""
    available = {info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)])}
    verb = _read(name) if name in available else None
    if verb is None:
        known = names()
        near = difflib.get_close_matches(name, known, n=2) or known
        raise UsageError(f'there is no verb "{name}"', f"one of these: {', '.join(near)} (emgdeploy --help)")
    return verb


def _read(module_name: str) -> Verb | None:
    module = importlib.import_module(f"emgdeploy.cli.{module_name}")
    if not hasattr(module, "NAME"):
        return None
    translate_config = getattr(module, "translate_config", dict)
    return Verb(module.NAME, module.HELP, module.add_arguments, module.run, translate_config)


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)
