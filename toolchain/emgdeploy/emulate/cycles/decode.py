"""Thumb machine code -> what the timing of an instruction depends on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from emgdeploy import optional
from emgdeploy.errors import EmgDeployError


class Kind(Enum):
    """How an instruction uses the memory port and the program counter."""

    PLAIN = "plain"
    LOAD = "load"
    STORE = "store"
    MULTIPLE = "multiple"
    BRANCH = "branch"


@dataclass(frozen=True)
class Op:
    """One decoded instruction; registers are numbers of the decoder.

    name: its mnemonic without condition and width ("ldr", "smlad"). moved: how many 32-bit words a
    MULTIPLE moves. results: the registers it writes, without an updated base of an address. base,
    index: the registers of a memory address. predicated: may be skipped. may_jump: can set the PC.
    """

    address: int
    size: int
    name: str
    kind: Kind
    moved: int
    reads: frozenset[int]
    results: frozenset[int]
    base: frozenset[int]
    index: frozenset[int]
    predicated: bool
    may_jump: bool

    @property
    def end(self) -> int:
        """Address of the instruction behind it."""
        return self.address + self.size


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LOADS = _names("ldr ldrb ldrh ldrsb ldrsh ldrt ldrbt ldrht ldrsbt ldrsht ldrex ldrexb ldrexh")
_STORES = _names("str strb strh strt strbt strht strex strexb strexh")
_ONE_OR_TWO = _names("ldrd strd vldr vstr")
_STACK = _names("push pop vpush vpop")
_LISTS = _names("ldm ldmdb ldmia stm stmdb stmia vldm vldmia vldmdb vstm vstmia vstmdb")
_JUMPS = _names("b bl bx blx cbz cbnz tbb tbh")


class Decoder:
    """Capstone for Thumb code. Raises ToolMissingError when it is not installed."""

    def __init__(self) -> None:
        capstone: Any = optional.load("capstone", extra="profile")
        self._engine = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
        self._engine.detail = True
        arm = capstone.arm
        self._register, self._memory = arm.ARM_OP_REG, arm.ARM_OP_MEM
        self._always = (arm.ARM_CC_AL, arm.ARM_CC_INVALID)
        self._pc, self._sp = arm.ARM_REG_PC, arm.ARM_REG_SP
        self._core = frozenset((*range(arm.ARM_REG_R0, arm.ARM_REG_R12 + 1), arm.ARM_REG_LR))
        self._doubles = range(arm.ARM_REG_D0, arm.ARM_REG_D31 + 1)
        self._ignored = frozenset((arm.ARM_REG_CPSR, arm.ARM_REG_ITSTATE))

    def block(self, code: bytes, address: int) -> tuple[Op, ...]:
        """All instructions of a straight piece of code. Raises EmgDeployError for one unknown."""
        ops = tuple(self._op(instruction) for instruction in self._engine.disasm(code, address))
        done = sum(op.size for op in ops)
        if done != len(code):
            word = code[done : done + 4].hex(" ", 2)
            raise EmgDeployError(
                f"the instruction {word} at 0x{address + done:08x} is unknown to the cycle model",
                "is this firmware built for the core that its manifest names?",
            )
        return ops

    def _op(self, instruction: Any) -> Op:
        name = str(self._engine.insn_name(instruction.id)).lower()
        kind = _kind(name)
        reads, writes = (frozenset(registers) - self._ignored for registers in instruction.regs_access())
        registers = [operand.reg for operand in instruction.operands if operand.type == self._register]
        base, index = self._address(name, instruction, registers)
        return Op(
            address=instruction.address,
            size=instruction.size,
            name="vmov.two" if name == "vmov" and self._moves_two(registers) else name,
            kind=kind,
            moved=self._words(name, registers) if kind is Kind.MULTIPLE else 0,
            reads=reads,
            # Capstone counts an updated base among the writes; a load's own results come first.
            results=frozenset(registers[:1]) if kind is Kind.LOAD else writes - base,
            base=base,
            index=index,
            predicated=instruction.cc not in self._always,
            may_jump=kind is Kind.BRANCH or self._pc in writes,
        )

    def _address(
        self, name: str, instruction: Any, registers: list[int]
    ) -> tuple[frozenset[int], frozenset[int]]:
        if name in _STACK:
            return frozenset((self._sp,)), frozenset()
        if name in _LISTS:
            return frozenset(registers[:1]), frozenset()
        for operand in instruction.operands:
            if operand.type == self._memory:
                return frozenset((operand.mem.base,)) - {self._pc}, frozenset((operand.mem.index,)) - {0}
        return frozenset(), frozenset()

    def _words(self, name: str, registers: list[int]) -> int:
        moved = registers[1:] if name in _LISTS else registers
        return sum(2 if register in self._doubles else 1 for register in moved)

    def _moves_two(self, registers: list[int]) -> bool:
        return len([register for register in registers if register in self._core]) == 2


def _kind(name: str) -> Kind:
    if name in _LOADS:
        return Kind.LOAD
    if name in _STORES:
        return Kind.STORE
    if name in _ONE_OR_TWO or name in _LISTS or name in _STACK:
        return Kind.MULTIPLE
    return Kind.BRANCH if name in _JUMPS else Kind.PLAIN
