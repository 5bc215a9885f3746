"""Reading other people's JSON: every value is checked before anything believes it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, TypeVar

from emgdeploy.errors import InputError
from emgdeploy.text import printable

T = TypeVar("T")

_LARGEST_FLOAT = sys.float_info.max

LARGEST = 1 << 53
"""Above this an integer of a JSON file is not exact everywhere."""


class Fields:
    """The entries of one JSON object; each getter checks one. Raises InputError naming the place."""

    def __init__(self, value: object, place: str) -> None:
        self._place = place
        if not isinstance(value, dict):
            raise self._wrong("", "an object", value)
        self._table: dict[str, object] = value

    def text(self, key: str, longest: int = 1000) -> str:
        """A string of at most `longest` characters."""
        value = self._get(key)
        if not isinstance(value, str) or len(value) > longest:
            raise self._wrong(key, f"text of at most {longest} characters", value)
        return value

    def word(self, key: str) -> str:
        """A string that shows as it is: no control characters, not empty."""
        value = self.text(key)
        if not value or printable(value) != value:
            raise self._wrong(key, "printable text", value)
        return value

    def name(self, key: str) -> str:
        """A plain name: at most 64 letters, digits, "-" and "_"; never a path."""
        value = self._get(key)
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", value):
            raise self._wrong(key, 'a name of letters, digits, "-" and "_"', value)
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """One of `choices`."""
        value = self._get(key)
        if not isinstance(value, str) or value not in choices:
            raise self._wrong(key, f"one of {', '.join(choices)}", value)
        return value

    def integer(self, key: str, low: int = 0, high: int = LARGEST) -> int:
        """A whole number from `low` to `high`."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(key, f"a whole number from {low} to {high}", value)
        return value

    def number(self, key: str) -> float:
        """A finite number."""
        value = self._get(key)
        # A whole number may have more digits than a float has room for.
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST_FLOAT:
            return float(value)
        raise self._wrong(key, "a finite number", value)

    def truth(self, key: str) -> bool:
        """true or false."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def maybe(self, key: str, getter: Callable[[str], T]) -> T | None:
        """`getter(key)`, or None for an entry that is null or missing."""
        return None if self._table.get(key) is None else getter(key)

    def integers(self, key: str, low: int, high: int, most: int = 8) -> tuple[int, ...]:
        """A list of whole numbers."""
        items = self._list(key, most)
        for value in items:
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise self._wrong(key, f"whole numbers from {low} to {high}", value)
        return tuple(int(str(value)) for value in items)

    def texts(self, key: str, most: int = 10_000, longest: int = 1000) -> tuple[str, ...]:
        """A list of strings."""
        items = self._list(key, most)
        for value in items:
            if not isinstance(value, str) or len(value) > longest:
                raise self._wrong(key, f"texts of at most {longest} characters", value)
        return tuple(str(value) for value in items)

    def paths(self, key: str) -> tuple[str, ...]:
        """A list of relative paths that stay inside the folder they are relative to."""
        return tuple(self._inside(key, item) for item in self.texts(key))

    def path_table(self, key: str) -> dict[str, str]:
        """Name -> relative path that stays inside its folder."""
        return {name: self._inside(key, path) for name, path in self.text_table(key).items()}

    def path_names(self, key: str, most: int = 10_000) -> list[str]:
        """The names of an object's entries, which are relative paths that stay inside their folder."""
        table = self.table(key)
        if len(table) > most:
            raise self._wrong(key, f"an object of at most {most} entries", table)
        return [self._inside(key, name) for name in table]

    def text_table(self, key: str, most: int = 1000) -> dict[str, str]:
        """Name -> text."""
        value = self._get(key)
        if not isinstance(value, dict) or len(value) > most:
            raise self._wrong(key, f"an object of at most {most} entries", value)
        for item in value.values():
            if not isinstance(item, str) or len(item) > 1000:
                raise self._wrong(key, "texts", item)
        return {str(name): str(item) for name, item in value.items()}

    def table(self, key: str) -> dict[str, Any]:
        """Any object, for a reader of its own."""
        value = self._get(key)
        if not isinstance(value, dict):
            raise self._wrong(key, "an object", value)
        return value

    def inner(self, key: str) -> Fields:
        """An object in this object."""
        return Fields(self._get(key), f"{self._place}: {key}")

    def inners(self, key: str, most: int = 10_000) -> list[Fields]:
        """A list of objects in this object."""
        items = self._list(key, most)
        return [Fields(item, f"{self._place}: {key}[{index}]") for index, item in enumerate(items)]

    def _get(self, key: str) -> object:
        if key not in self._table:
            raise InputError(f"{self._place}: {key} is missing", _HINT)
        return self._table[key]

    def _list(self, key: str, most: int) -> list[object]:
        value = self._get(key)
        if not isinstance(value, list) or len(value) > most:
            raise self._wrong(key, f"a list of at most {most}", value)
        return value

    def _inside(self, key: str, text: str) -> str:
        path = PurePosixPath(text)
        plain = printable(text) == text and "\\" not in text and ":" not in text
        short = len(text) <= _PATH and all(len(part.encode(errors="replace")) <= _NAME for part in path.parts)
        if not text or not plain or not short or path.is_absolute() or ".." in path.parts:
            raise self._wrong(key, "a relative path inside the folder", text)
        return text

    def _wrong(self, key: str, wanted: str, value: object) -> InputError:
        shown = printable(repr(value))
        place = f"{self._place}: {key}" if key else self._place
        return InputError(f"{place} must be {wanted}, not {shown[:60]}", _HINT)


# A file's name has at most 255 bytes on every file system in use; no path of a build comes near the other limit.
_NAME, _PATH = 255, 1000
_HINT = "build the folder again with `emgdeploy build`"
