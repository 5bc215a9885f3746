"""Processor cores: what the compiler must be told and which kernels run on them.

`-mcpu`, `-mfpu` and `-mfloat-abi` values are those of GCC's manual, section "ARM Options".
"""

from __future__ import annotations

from dataclasses import dataclass

_SINGLE_FPU = ("-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
_SINGLE_FPU_V5 = ("-mfloat-abi=hard", "-mfpu=fpv5-sp-d16")
_DOUBLE_FPU_V5 = ("-mfloat-abi=hard", "-mfpu=fpv5-d16")


@dataclass(frozen=True)
class Core:
    """One kind of processor.

    isa: which kernels run on it: "portable" (plain C99), "dsp" (SIMD within a 32-bit register),
    "mve" (Helium vectors). tools: prefix of its compiler, "" for the machine we run on.
    """

    name: str
    isa: str
    cflags: tuple[str, ...]
    tools: str = "arm-none-eabi-"


def _arm(name: str, cpu: str, isa: str, floats: tuple[str, ...] = ("-mfloat-abi=soft",)) -> Core:
    return Core(name, isa, (f"-mcpu={cpu}", "-mthumb", *floats))


# A trailing "f" stands for a single-precision FPU, "d" for a double-precision one.
CORES: dict[str, Core] = {
    core.name: core
    for core in (
        Core("native", "portable", (), tools=""),
        _arm("cortex-m0", "cortex-m0", "portable"),
        _arm("cortex-m0plus", "cortex-m0plus", "portable"),
        _arm("cortex-m3", "cortex-m3", "portable"),
        _arm("cortex-m4", "cortex-m4", "dsp"),
        _arm("cortex-m4f", "cortex-m4", "dsp", _SINGLE_FPU),
        _arm("cortex-m7", "cortex-m7", "dsp"),
        _arm("cortex-m7f", "cortex-m7", "dsp", _SINGLE_FPU_V5),
        _arm("cortex-m7d", "cortex-m7", "dsp", _DOUBLE_FPU_V5),
        _arm("cortex-m33", "cortex-m33", "dsp"),
        _arm("cortex-m33f", "cortex-m33", "dsp", _SINGLE_FPU_V5),
        _arm("cortex-m55", "cortex-m55", "mve", ("-mfloat-abi=hard",)),
    )
}
