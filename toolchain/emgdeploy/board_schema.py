"""What a board file may say. Each complaint names the file, the key and what may stand there."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from emgdeploy.cores import CORES
from emgdeploy.errors import InputError

Table = dict[str, Any]

PLATFORMS = ("bare-metal", "nuttx", "arduino", "zephyr", "native")
FLASH_KINDS = ("emulated", "openocd", "st-flash", "pyocd", "spresense", "manual")
EMULATOR_KINDS = ("qemu", "native")
VERIFIED = ("emulator", "build-only", "hardware")
HOLDS = ("code", "constants", "data")

_ADDRESSES = range(1 << 32)
_LONGEST_NAME = 64
_LONGEST_TEXT = 200
_LONGEST_LIST = 64
_MACRO = re.compile("[a-z][a-z0-9_]{0,63}")
_DEVICE = re.compile("[A-Za-z0-9_/.-]{1,64}")


class _Wrong(Exception):
    """What is wrong with one value, without its place; `check` adds that."""


@dataclass(frozen=True)
class _Key:
    """One key: `test` returns nothing and raises _Wrong when the value may not stand there."""

    test: Callable[[Any, str], None]
    required: bool = True


def check(table: Table, path: Path) -> Table:
    """`table` itself, once everything in it is known to be right. Raises InputError."""
    try:
        _table(table, "", _BOARD)
        _memories(table)
        _belongs_together(table, path)
    except _Wrong as wrong:
        raise InputError(f"{path}: {wrong}", "docs/boards.md describes every key of a board file") from None
    return table


def _table(table: Any, place: str, keys: dict[str, _Key], open_ended: bool = False) -> None:
    if not isinstance(table, dict):
        raise _Wrong(f"{place} must be a table, not {_kind(table)}")
    prefix = f"{place}." if place else ""
    for name, key in keys.items():
        if name in table:
            key.test(table[name], prefix + name)
        elif key.required:
            raise _Wrong(f"the key {prefix}{name} is missing")
    for name, value in table.items():
        if name in keys:
            continue
        if not open_ended:
            raise _Wrong(f"unknown key {prefix}{name}; allowed here: {', '.join(keys)}")
        _scalar(name, value, prefix)


def _scalar(name: str, value: Any, prefix: str) -> None:
    """Keys become C macros, values numbers or text in what is generated."""
    if not _MACRO.fullmatch(name):
        raise _Wrong(f"{prefix}{name!r}: only small letters, digits and _, beginning with a letter")
    if isinstance(value, str):
        _text(value, prefix + name)
    elif isinstance(value, int):
        _integer(0, _ADDRESSES[-1])(int(value), prefix + name)
    elif not isinstance(value, float):
        raise _Wrong(f"{prefix}{name} must be text, a number or true/false, not {_kind(value)}")
    elif not math.isfinite(value):
        raise _Wrong(f"{prefix}{name} = {value}; allowed: a finite number")


def _text(value: Any, place: str) -> None:
    if not isinstance(value, str) or not value:
        raise _Wrong(f"{place} must be text that is not empty, not {_kind(value)}")
    if not value.isprintable():
        raise _Wrong(f"{place} has characters that cannot be printed")
    if len(value) > _LONGEST_TEXT:
        raise _Wrong(f"{place} has {len(value)} characters; allowed: {_LONGEST_TEXT}")


def _identifier(value: Any, place: str) -> None:
    """Names become folder names, C strings and make targets, so they stay plain."""
    _text(value, place)
    if len(value) > _LONGEST_NAME:
        raise _Wrong(f"{place} has {len(value)} characters; allowed: {_LONGEST_NAME}")
    if not value.isascii() or not value.replace("-", "").replace("_", "").isalnum() or value[0] in "-_":
        raise _Wrong(
            f'{place} = "{value}": only letters, digits, "-" and "_", beginning with a letter or digit'
        )


def _device(value: Any, place: str) -> None:
    """A serial port's name goes into C, Kconfig and make."""
    _text(value, place)
    if not _DEVICE.fullmatch(value):
        raise _Wrong(f'{place} = "{value}"; allowed: letters, digits and _ / . -')


def _one_of(choices: tuple[str, ...]) -> Callable[[Any, str], None]:
    def test(value: Any, place: str) -> None:
        if value not in choices:
            shown = f'"{value}"' if isinstance(value, str) else _kind(value)
            raise _Wrong(f"{place} = {shown}; allowed: {', '.join(choices)}")

    return test


def _truth(value: Any, place: str) -> None:
    if not isinstance(value, bool):
        raise _Wrong(f"{place} = {value!r}; allowed: true, false")


def _integer(low: int, high: int) -> Callable[[Any, str], None]:
    def test(value: Any, place: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _Wrong(f"{place} = {value!r}; allowed: a whole number from {low} to {high}")

    return test


def _list_of(test: Callable[[Any, str], None], least: int = 1) -> Callable[[Any, str], None]:
    def test_all(value: Any, place: str) -> None:
        if not isinstance(value, list) or len(value) < least:
            raise _Wrong(f"{place} must be a list of at least {least}")
        if len(value) > _LONGEST_LIST:
            raise _Wrong(f"{place} has {len(value)} entries; allowed: {_LONGEST_LIST}")
        for index, item in enumerate(value):
            test(item, f"{place}[{index}]")

    return test_all


def _nested(keys: dict[str, _Key], open_ended: bool = False) -> Callable[[Any, str], None]:
    return lambda value, place: _table(value, place, keys, open_ended)


def _kind(value: Any) -> str:
    names = {
        bool: "true/false",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), type(value).__name__)


def _memories(table: Table) -> None:
    memories: list[Table] = table["memory"]
    names = [memory["name"] for memory in memories]
    if len(set(names)) != len(names):
        raise _Wrong("two entries of memory have the same name")
    for memory in memories:
        if memory["origin"] + memory["size"] > len(_ADDRESSES):
            raise _Wrong(f'memory "{memory["name"]}" ends beyond the 32-bit address range')
    for lower, upper in pairwise(sorted(memories, key=lambda memory: int(memory["origin"]))):
        if table["core"] != "native" and lower["origin"] + lower["size"] > upper["origin"]:
            raise _Wrong(f'memory "{lower["name"]}" overlaps memory "{upper["name"]}"')
    for kind in HOLDS:
        if not any(kind in memory["holds"] for memory in memories):
            raise _Wrong(f'no memory holds "{kind}"')


def _belongs_together(table: Table, path: Path) -> None:
    if table["name"] != path.stem:
        raise _Wrong(
            f'name = "{table["name"]}"; allowed: "{path.stem}", because the file is called {path.name}'
        )
    if (table["core"] == "native") != (table["platform"] == "native"):
        raise _Wrong(f'core = "{table["core"]}" and platform = "{table["platform"]}" do not go together')
    emulator = table.get("emulator")
    if emulator and emulator["kind"] == "qemu" and "machine" not in emulator:
        raise _Wrong(
            "the key emulator.machine is missing (a name that `qemu-system-arm -machine help` lists)"
        )
    if table["flash"]["kind"] == "emulated" and not emulator:
        raise _Wrong('flash.kind = "emulated" needs an [emulator] table')


_MEMORY = {
    "name": _Key(_identifier),
    "origin": _Key(_integer(0, _ADDRESSES[-1])),
    "size": _Key(_integer(1, len(_ADDRESSES))),
    "holds": _Key(_list_of(_one_of(HOLDS))),
}
_UART = {
    "peripheral": _Key(_device),
    "baud": _Key(_integer(1200, 12_000_000)),
    "dtr": _Key(_truth, required=False),
    "rts": _Key(_truth, required=False),
}
_USB = {"vid": _Key(_integer(0, 0xFFFF)), "pid": _Key(_integer(0, 0xFFFF))}
_BOARD = {
    "name": _Key(_identifier),
    "title": _Key(_text),
    "core": _Key(_one_of(tuple(CORES))),
    "clock_hz": _Key(_integer(1, 10_000_000_000)),
    "platform": _Key(_one_of(PLATFORMS)),
    "platform_dir": _Key(_identifier),
    "verified": _Key(_one_of(VERIFIED)),
    "wait_states": _Key(_integer(0, 64), required=False),
    "memory": _Key(_list_of(_nested(_MEMORY))),
    "uart": _Key(_nested(_UART)),
    "flash": _Key(_nested({"kind": _Key(_one_of(FLASH_KINDS))}, open_ended=True)),
    "emulator": _Key(
        _nested({"kind": _Key(_one_of(EMULATOR_KINDS)), "machine": _Key(_identifier, required=False)}),
        required=False,
    ),
    "usb": _Key(_list_of(_nested(_USB)), required=False),
    "options": _Key(_nested({}, open_ended=True), required=False),
}
