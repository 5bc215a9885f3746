"""`name=value,name=value` on top of a dataclass of plain numbers and words."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import TYPE_CHECKING, Any, TypeVar

from emgdeploy.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)


def parse(text: str, base: T, what: str, without: tuple[str, ...] = ()) -> T:
    """`base` with the fields that `text` names. what: how to call a field in a message; without: fields not offered.

    A flag may stand without a value; `none` is the value of what may be left open. Raises UsageError
    naming what may be given.
    """
    hints = typing.get_type_hints(type(base))
    names = sorted(field.name for field in dataclasses.fields(base) if field.name not in without)
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (word.strip() for word in part.partition("="))
        if name not in names:
            raise UsageError(f'there is no {what} called "{name}"', "one of these: " + ", ".join(names))
        try:
            values[name] = _value(hints[name], value)
        except ValueError:
            example = _example(hints[name])
            raise UsageError(
                f'the {what} {name} cannot be "{value}"', f"for example {name}={example}"
            ) from None
    return dataclasses.replace(base, **values)


def _value(kind: Any, text: str) -> Any:
    """Raises ValueError."""
    if typing.get_origin(kind) is typing.Literal:
        if text not in typing.get_args(kind):
            raise ValueError
        return text
    if isinstance(kind, types.UnionType):
        some = next(part for part in typing.get_args(kind) if part is not types.NoneType)
        return None if text.lower() == "none" else _value(some, text)
    if kind is bool:
        return bool(int(text or "1"))
    number = kind(text)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


def _example(kind: Any) -> str:
    return str(typing.get_args(kind)[0]) if typing.get_origin(kind) is typing.Literal else "1"
