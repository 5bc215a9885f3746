"""The cycle model: what an instruction costs behind another one, from a table of Arm's figures.

Tables are data (tables/*.toml), one per core whose manual publishes cycle counts. Zero wait states;
the caches, prefetch and buses around a core are not modelled, nor is an access that is not aligned.
A predicated instruction that is skipped counts as if executed, except a jump, whose fate is known.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.emulate.cycles.decode import Kind, Op

_TABLES = Path(__file__).parent / "tables"
_FLOAT_RESULTS = frozenset(
    f"v{name}" for name in ("add", "sub", "mul", "div", "sqrt", "cvt", "cvtr", "mla", "mls", "fma", "fms")
) | frozenset(("vnmul", "vnmla", "vnmls", "vfnma", "vfnms"))


@dataclass(frozen=True)
class Memory:
    """[memory] of a table; cycles."""

    load: int
    load_pipelined: int
    store: int
    store_register: int
    store_register_pipelined: int
    multiple: int
    address_stall: int


@dataclass(frozen=True)
class CycleModel:
    """Costs of one core in cycles. `special` holds every mnemonic that does not take one cycle."""

    name: str
    version: int
    source: str
    cores: tuple[str, ...]
    refill: int
    call_extra: int
    return_extra: int
    memory: Memory
    fold_it: bool
    float_stall: int
    special: dict[str, int]

    @property
    def title(self) -> str:
        """Name and version, as a profile quotes them."""
        return f"{self.name} {self.version} ({self.source})"

    def cost(self, previous: Op | None, op: Op) -> int:
        """Cycles of `op` right behind `previous` (None: behind a jump); a jump counts as not taken."""
        return self._own(previous, op) + self._stall(previous, op)

    def block(self, ops: tuple[Op, ...]) -> int:
        """Cycles of a straight piece of code that was jumped to, its last jump not taken."""
        return sum(self.cost(previous, op) for previous, op in zip((None, *ops), ops, strict=False))

    def transition(self, last: Op, target: int, first: Op | None) -> int:
        """What going on from `last` at `target` adds to the two blocks' costs. first: the op there."""
        if target != last.end:
            return self.refill + self._jump_extra(last)
        if last.may_jump:
            # A skipped POP or LDR to the PC moved nothing.
            return 1 - self._own(None, last) if last.predicated else 0
        return self.cost(last, first) - self.cost(None, first) if first is not None else 0

    def _own(self, previous: Op | None, op: Op) -> int:
        memory = self.memory
        if op.kind is Kind.LOAD:
            return memory.load_pipelined if _pipelines(previous, op) else memory.load
        if op.kind is Kind.STORE:
            if not op.index:
                return memory.store
            return memory.store_register_pipelined if _pipelines(previous, op) else memory.store_register
        if op.kind is Kind.MULTIPLE:
            return memory.multiple + op.moved
        if op.name == "it" and self.fold_it and previous is not None and previous.size == 2:
            return 0
        return self.special.get(op.name, 1)

    def _stall(self, previous: Op | None, op: Op) -> int:
        if previous is None or previous.kind is not Kind.PLAIN:
            return 0
        if previous.results & (op.base | op.index):
            return self.memory.address_stall
        if previous.name in _FLOAT_RESULTS and previous.results & op.reads:
            return self.float_stall
        return 0

    def _jump_extra(self, last: Op) -> int:
        if last.name == "bl":
            return self.call_extra
        return self.return_extra if last.kind is Kind.MULTIPLE else 0


def _pipelines(previous: Op | None, op: Op) -> bool:
    return previous is not None and previous.kind is Kind.LOAD and not previous.results & (op.base | op.index)


def model_for(core: str) -> CycleModel | None:
    """The model of a core of boards/*.toml, None where its manual publishes no cycle counts."""
    return _models().get(core)


@functools.cache
def _models() -> dict[str, CycleModel]:
    models = [_read(path) for path in sorted(_TABLES.glob("*.toml"))]
    return {core: model for model in models for core in model.cores}


def _read(path: Path) -> CycleModel:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    branch, rules = table["branch"], table["rules"]
    return CycleModel(
        name=table["name"],
        version=table["version"],
        source=table["source"],
        cores=tuple(table["cores"]),
        refill=branch["refill"],
        call_extra=branch["call_extra"],
        return_extra=branch["return_extra"],
        memory=Memory(**table["memory"]),
        fold_it=rules["fold_it"],
        float_stall=rules["float_stall"],
        special=dict(table["cycles"]),
    )
