"""The operators that this compiler understands: a file for each family, a record for each operator.

A record is found by being there: a new operator is a new record in a file of this folder, and a
new file needs no other line. docs/adding-an-operator.md goes through one.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from emgdeploy.graph.types import Operator


@cache
def operators() -> dict[str, Operator]:
    """Every operator by its TFLite schema name, in alphabetical order."""
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Operator)]
    return {operator.name: operator for operator in sorted(found, key=lambda operator: operator.name)}
