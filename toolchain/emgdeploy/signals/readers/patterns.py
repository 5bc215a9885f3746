"""Names of files that say what is in them: `{label}-{repetition}.csv` in place of a block for each file."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any

from emgdeploy.errors import InputError

NUMBERS = ("subject", "session", "trial", "repetition")
FIELDS = ("label", "part", *NUMBERS)
_MARK = re.compile(r"\{(\w*)\}|\*+")
# So many parts keep a search short, whatever the names.
_MOST_MARKS, _MOST_FILES, _SHOWN = 12, 200_000, 5


def expand(folder: Path, entry: dict[str, Any], place: str) -> list[dict[str, Any]]:
    """An entry for each file below `folder` that `entry["pattern"]` describes, in the order in which people count.

    Raises InputError, beginning with `place`, for a pattern that makes no sense or describes no file.
    """
    pattern, known = entry["pattern"], {name: entry[name] for name in entry if name != "pattern"}
    if not isinstance(pattern, str):
        raise InputError(f"{place}: pattern must be text", 'such as "{label}-{repetition}.csv"')
    expression = compiled(pattern, place)
    files = files_below(folder)
    found = [(name, match) for name in files if (match := expression.fullmatch(name))]
    if not found:
        there = f"there are {', '.join(files[:_SHOWN])}" if files else f"there are no files in {folder}"
        raise InputError(f"{place}: no file is named as {pattern!r:.80} says", there)
    return [{**known, "file": name, **_values(match)} for name, match in found]


def compiled(pattern: str, place: str) -> re.Pattern[str]:
    """What a file's path below the folder must be. Raises InputError that begins with `place`."""
    parts, at, seen = [], 0, set()
    marks = list(_MARK.finditer(pattern))
    if len(marks) > _MOST_MARKS:
        raise InputError(f"{place}: the pattern has more than {_MOST_MARKS} parts in braces", "shorten it")
    for mark in marks:
        parts.append(re.escape(pattern[at : mark.start()]))
        at, name = mark.end(), mark[1]
        if name is None:
            parts.append("[^/]*?")
        elif name in seen:
            parts.append(f"(?P={name})")
        elif name in FIELDS:
            seen.add(name)
            parts.append(f"(?P<{name}>{'[0-9]{1,9}' if name in NUMBERS else '[^/]+?'})")
        else:
            raise InputError(
                f"{place}: {{{name}}} in a pattern stands for nothing",
                f"it may have {', '.join(f'{{{field}}}' for field in FIELDS)}, and * for anything else",
            )
    return re.compile("".join(parts) + re.escape(pattern[at:]), re.IGNORECASE)


def files_below(folder: Path) -> list[str]:
    """Paths of the files below `folder`, relative to it, in the order in which people count."""
    found = islice((path for path in folder.rglob("*") if path.is_file()), _MOST_FILES)
    names = [path.relative_to(folder).as_posix() for path in found]
    return sorted((name for name in names if not re.search(r"(^|/)\.", name)), key=_counted)


def _counted(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"([0-9]{1,18})", name)]


def _values(match: re.Match[str]) -> dict[str, Any]:
    return {name: int(text) if name in NUMBERS else text for name, text in match.groupdict().items()}
