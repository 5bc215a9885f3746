"""A user's own network, made by the `module:function` that the user named. No other name is ever imported."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import UsageError
from emgdeploy.signals import named
from emgdeploy.text import printable

if TYPE_CHECKING:
    from torch import nn

_NUMBER_OF_CLASSES = ("classes", "num_classes", "n_classes", "nb_classes")


is_name = named.is_name


def make(name: str, known: Mapping[str, Any]) -> nn.Module:
    """The network that `module:function` makes. Only ever called with a name the user gave.

    known: `input_shape` and `classes`, as far as they are; the function gets those that it has parameters for, None
    for what is not known and has no default. It may be a class, or a network that is there already. A network without
    an `input_shape` gets the known one. Raises UsageError, with one sentence for each way in which this can fail.
    """
    from torch import nn

    if not is_name(name):
        raise _wrong(printable(name)[:80], "is not of the form module:function", "write module:function")
    with named.current_folder_on_path():
        function = named.imported(name, "--network")
        made = copy.deepcopy(function) if isinstance(function, nn.Module) else _called(function, name, known)
    if not isinstance(made, nn.Module):
        raise _wrong(
            name, f"gives a {type(made).__name__}, not a network", "return the torch.nn.Module alone"
        )
    shape = known.get("input_shape")
    if shape is not None and getattr(made, "input_shape", None) is None:
        vars(made)["input_shape"] = tuple(
            shape
        )  # past nn.Module's own assignment, which takes tensors and modules
    return made


def _called(function: Any, name: str, known: Mapping[str, Any]) -> object:
    try:
        return function(**_arguments(function, name, known))
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        unknown = known.get("input_shape") is None or known.get("classes") is None
        hint = (
            "give its parameters defaults: this file does not say input_shape and classes"
            if unknown
            else None
        )
        raise _failed(name, "calling it", error, hint) from error


def _arguments(function: Any, name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """What the function is called with, by the names of its parameters."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of a builtin
        return {}
    given = {
        "input_shape": known.get("input_shape"),
        **dict.fromkeys(_NUMBER_OF_CLASSES, known.get("classes")),
    }
    found: dict[str, Any] = {}
    for one in parameters:
        required = one.default is one.empty and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        if one.kind is one.VAR_KEYWORD:
            found |= {key: given[key] for key in ("input_shape", "classes") if given[key] is not None}
        elif (one.kind is one.POSITIONAL_ONLY and one.default is one.empty) or (
            required and one.name not in given
        ):
            raise _wrong(
                name,
                f"its parameter {one.name} has no default, and is neither input_shape nor classes",
                f"give {one.name} a default, or name a function that needs input_shape and classes at most",
            )
        elif one.name in given and (required or given[one.name] is not None):
            found[one.name] = given[one.name]
    return found


def _failed(name: str, doing: str, error: BaseException, hint: str | None = None) -> UsageError:
    return named.failed(name, "--network", doing, error, hint)


def _wrong(name: str, what: str, hint: str) -> UsageError:
    return named.wrong(name, "--network", what, hint)
