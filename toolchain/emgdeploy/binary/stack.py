"""The deepest stack a program can reach, from GCC's call graphs (-fcallgraph-info=su)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# What a function without a table (C library, compiler's helpers) may take. The ones the firmware
# calls (memcpy, memset, 64-bit division) take less than 100 bytes on every core.
LIBRARY_ALLOWANCE = 256

_NODE = re.compile(r'^node: \{ title: "([^"]*)" label: "([^"]*)"')
_EDGE = re.compile(r'^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"')
_BYTES = re.compile(r"(\d+) bytes \(([\w,]+)\)")
_INDIRECT = "__indirect_call"


@dataclass(frozen=True)
class StackNeed:
    """`bytes` is None where no bound exists; `reason` then says why."""

    bytes: int | None
    reason: str = ""


class _Unbounded(Exception):
    pass


@dataclass(frozen=True)
class CallGraph:
    """Bytes of each function's own frame (None: not constant), and whom it calls.

    pointed: functions that a call through a pointer may reach.
    """

    frames: Mapping[str, int | None]
    calls: Mapping[str, frozenset[str]]
    pointed: frozenset[str] = frozenset()


def read_call_graphs(texts: Iterable[str], addresses_taken: Iterable[str] = ()) -> CallGraph:
    """Join the `.ci` files of all objects of a program.

    addresses_taken: names of functions whose address is used as a value. GCC's titles of static
    functions have the file in front; every function of that name is taken to be meant.
    """
    frames: dict[str, int | None] = {}
    calls: dict[str, set[str]] = {}
    for line in (line for text in texts for line in text.splitlines()):
        node, edge = _NODE.match(line), _EDGE.match(line)
        if node and (size := _BYTES.search(node[2])):
            frames[node[1]] = int(size[1]) if size[2] in ("static", "dynamic,bounded") else None
        elif edge:
            calls.setdefault(edge[1], set()).add(edge[2])
    names = set(addresses_taken)
    pointed = frozenset(title for title in frames if title.rpartition(":")[2] in names)
    return CallGraph(frames, {name: frozenset(called) for name, called in calls.items()}, pointed)


def need(graph: CallGraph, entry: str, interrupts: Sequence[str] = (), exception_frame: int = 0) -> StackNeed:
    """The deepest path from `entry`, plus the deepest interrupt handler on top of it.

    All interrupts have one priority, so that at most one is active; `exception_frame` is what the
    core pushes for it, in bytes.
    """
    try:
        depth = _deepest(graph, entry)
        handlers = [_deepest(graph, name) + exception_frame for name in interrupts]
    except _Unbounded as reason:
        return StackNeed(None, str(reason))
    return StackNeed(depth + max(handlers, default=0))


def _deepest(graph: CallGraph, entry: str) -> int:
    known: dict[str, int] = {}
    path: list[str] = []

    def visit(name: str) -> int:
        if name in known:
            return known[name]
        if name in path:
            raise _Unbounded(f"{name} calls itself")
        if name == _INDIRECT:
            if not graph.pointed:
                raise _Unbounded(f"{path[-1]} calls through a pointer to nowhere known")
            return max(visit(target) for target in sorted(graph.pointed))
        own = graph.frames.get(name, LIBRARY_ALLOWANCE)
        if own is None:
            raise _Unbounded(f"the frame of {name} has no constant size")
        path.append(name)
        known[name] = own + max((visit(callee) for callee in sorted(graph.calls.get(name, ()))), default=0)
        path.pop()
        return known[name]

    return visit(entry)
