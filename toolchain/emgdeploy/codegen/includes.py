"""Which files of the runtime a kernel is compiled from: its sources say so themselves."""

from __future__ import annotations

import posixpath
import re
from functools import cache

from emgdeploy.codegen.step import Step, kernel_calls
from emgdeploy.resources import FIRMWARE_TEMPLATES

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def files_of(step: Step) -> frozenset[str]:
    """The step's header and sources, and all that they include; paths below firmware_templates/runtime."""
    found: set[str] = set()
    waiting = [name for call in kernel_calls([step]) for name in (call.header, *call.sources)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _included(name)
    return frozenset(found)


@cache
def _included(name: str) -> tuple[str, ...]:
    text = (FIRMWARE_TEMPLATES / "runtime" / name).read_text(encoding="utf-8")
    beside = posixpath.dirname(name)
    return tuple(posixpath.normpath(posixpath.join(beside, other)) for other in _INCLUDE.findall(text))
