"""What a user names as `module:function`. No other name is ever imported."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emgdeploy.errors import UsageError
from emgdeploy.text import printable

_NAME = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")
_LONGEST = 200


def is_name(text: object) -> bool:
    """Whether this is the form of a name, `module:function`; nothing is imported to find out."""
    return isinstance(text, str) and len(text) <= _LONGEST and _NAME.fullmatch(text) is not None


def imported(name: str, option: str) -> Any:
    """What can be called of that name. Raises UsageError that begins with the option it was given for."""
    module_name, _, attributes = name.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module_name == missing or module_name.startswith(f"{missing}."):
            hint = (
                f"stand in the folder of {module_name.partition('.')[0]}.py, or put that folder on PYTHONPATH"
            )
            raise wrong(name, option, f"there is no module {module_name} here", hint) from None
        raise failed(name, option, "importing it", error) from error
    except (Exception, SystemExit) as error:
        raise failed(name, option, "importing it", error) from error
    for attribute in attributes.split("."):
        found = getattr(found, attribute, None)
    if not callable(found):
        raise wrong(
            name, option, f"the module {module_name} has no function {attributes}", "name one that it has"
        )
    return found


def failed(name: str, option: str, doing: str, error: BaseException, hint: str | None = None) -> UsageError:
    """The sentence for code of the user's that raised."""
    reason = (str(error).strip().splitlines() or [""])[0][:200]
    told = f"{doing} raised {type(error).__name__}{': ' if reason else ''}{printable(reason)}"
    return wrong(name, option, told, hint or "the same command with --trace shows where")


def wrong(name: str, option: str, what: str, hint: str) -> UsageError:
    """The sentence for a name that does not do."""
    return UsageError(f"{option} {name}: {what}", hint)


@contextlib.contextmanager
def current_folder_on_path() -> Iterator[None]:
    """What the user named may lie in the folder that they stand in; afterwards nothing else is taken from there."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)
