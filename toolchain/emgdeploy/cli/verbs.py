"""Verbs are files: a module beside this one that has a NAME is a verb."""

from __future__ import annotations

import argparse
import difflib
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import emgdeploy.cli
from emgdeploy.errors import UsageError

# What `emgdeploy --help` lists first, in the order in which a project needs them.
_ORDER = (
    *("train", "eval", "convert", "build", "flash", "bench", "run", "profile", "size", "export"),
    *("boards", "ports", "doctor", "simulate"),
)


@dataclass(frozen=True)
class Verb:
    """One verb module's contents.

    config_names: keys of other projects' configuration files -> this verb's option (CONFIG_NAMES).
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[..., int]
    config_names: Mapping[str, str] = field(default_factory=dict)


def all_verbs() -> list[Verb]:
    """Every verb there is, in the order of `emgdeploy --help`."""
    modules = (info.name for info in pkgutil.iter_modules(emgdeploy.cli.__path__))
    found = [verb for verb in map(_read, modules) if verb is not None]
    return sorted(found, key=lambda verb: (_rank(verb.name), verb.name))


def names() -> list[str]:
    """The names of `all_verbs`."""
    return [verb.name for verb in all_verbs()]


def load(name: str) -> Verb:
    """The verb `name`; only its own module is imported. Raises UsageError listing near names."""
    available = {info.name for info in pkgutil.iter_modules(emgdeploy.cli.__path__)}
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
    config_names = getattr(module, "CONFIG_NAMES", {})
    return Verb(module.NAME, module.HELP, module.add_arguments, module.run, config_names)


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)
