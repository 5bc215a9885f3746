"""The operators that this compiler understands: a file for each family, a record for each operator.

A record is found by being there: a new operator is a new record in a file of this folder, and a
new file needs no other line. docs/adding-an-operator.md goes through one.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from emgdeploy.graph.operators.function import TABLED, check_tabled
from emgdeploy.graph.types import Operator

# The interpreter that fills the tables says itself which versions it knows.
_ANY_VERSION = 127


@cache
def operators() -> dict[str, Operator]:
    """Every operator by its TFLite schema name, in alphabetical order."""
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    values = [value for module in modules for value in vars(module).values()]
    named = {name: Operator(name, check_tabled, tabled=True, newest=_ANY_VERSION) for name in TABLED}
    named |= {value.name: value for value in values if isinstance(value, Operator)}
    return {name: named[name] for name in sorted(named)}
