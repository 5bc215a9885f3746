"""A generated model on QEMU's MPS2 boards, its instructions counted by `-icount` and the board's own timer.

QEMU lets one nanosecond pass per instruction, and the timer counts at 25 MHz: 40 instructions a tick. Code for a
Cortex-M0 runs on the Cortex-M3, which has all of its instructions: none of these boards has the smaller core.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen import GeneratedModel
from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles.bare import write_sources
from emgdeploy.firmware import compiler

TICK = 40
MACHINES = {
    "cortex-m0": "mps2-an385",
    "cortex-m3": "mps2-an385",
    "cortex-m4f": "mps2-an386",
    "cortex-m7f": "mps2-an500",
}

# Per call of emg_model_invoke in the loop below: mov, mov, bl, subs, bne.
_LOOP = 5
# Between the two reads of the timer, beside the loop: str.
_AROUND = 1

_MAIN = r"""
#include <stdint.h>
#include "model.h"
#include "window.h"
static emg_output_t output[EMG_OUTPUT_LEN];
extern uint32_t stack_top[];
uint32_t timed(const emg_input_t *in, emg_output_t *out, uint32_t times, volatile uint32_t *timer);
__asm(".syntax unified\n.thumb\n.text\n.global timed\n.type timed, %function\n.thumb_func\ntimed:\n"
      "push {r4-r7, lr}\n sub sp, #4\n mov r4, r0\n mov r5, r1\n mov r6, r2\n mov r7, r3\n"
      "ldr r0, [r7]\n str r0, [sp]\n"
      "1: mov r0, r4\n mov r1, r5\n bl emg_model_invoke\n subs r6, #1\n bne 1b\n"
      "ldr r1, [r7]\n ldr r0, [sp]\n subs r0, r0, r1\n add sp, #4\n pop {r4-r7, pc}\n");
static void semihosting(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}
static void say(uint32_t value) {
    char text[11];
    int at = 9;
    text[9] = '\n';
    text[10] = 0;
    do {
        text[--at] = (char)("0123456789abcdef"[value & 15u]);
        value >>= 4;
    } while (value != 0u);
    semihosting(4, text + at);
}
void reset(void);
void reset(void) {
    volatile uint32_t *const timer = (volatile uint32_t *)0x40000000u;
    uint32_t i;
#ifdef __ARM_FP
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
    __asm volatile("dsb\nisb");
#endif
    timer[2] = 0xFFFFFFFFu;
    timer[1] = 0xFFFFFFFFu;
    timer[0] = 1u;
    say(timed(window, output, 1, timer + 1));
    say(timed(window, output, TIMES, timer + 1));
    for (i = 0; i < EMG_OUTPUT_LEN; i++) {
        say((uint32_t)output[i] & 0xFFu);
    }
    semihosting(0x18, (const void *)0x20026u);
    for (;;) {
    }
}
__attribute__((section(".vectors"), used)) static void (*const vectors[2])(void) = {(void (*)(void))stack_top, reset};
"""

_SCRIPT = """MEMORY { code (rx) : ORIGIN = 0, LENGTH = 4M
         data (rwx) : ORIGIN = 0x20000000, LENGTH = 4M }
SECTIONS {
    .text : { KEEP(*(.vectors)) *(.text .text.*) } > code
    .rodata : ALIGN(8) { *(.rodata .rodata.*) } > code
    .ARM.exidx : { *(.ARM.exidx*) } > code
    .bss (NOLOAD) : ALIGN(8) { *(.data .data.* .bss .bss.* COMMON) } > data
    stack_top = 0x20400000;
}
"""


@dataclass(frozen=True)
class Counted:
    """once: ticks of one call; many: ticks of `times` calls; output of the last (int8)."""

    once: int
    many: int
    times: int
    output: NDArray[np.int8]

    def agrees(self, instructions: int) -> bool:
        """Whether both counts are within one tick of `instructions` per call."""
        one, all_ = (n * (instructions + _LOOP) + _AROUND for n in (1, self.times))
        return abs(self.once * TICK - one) <= TICK and abs(self.many * TICK - all_) <= TICK


def build(model: GeneratedModel, window: NDArray[Any], core: str, folder: Path, times: int) -> Path:
    """An image that counts `times` calls of emg_model_invoke on `window`."""
    sources = write_sources(model, folder)
    values = ", ".join(map(str, window.ravel().tolist()))
    (folder / "window.h").write_text(f"static const emg_input_t window[EMG_INPUT_LEN] = {{{values}}};\n")
    (folder / "main.c").write_text(_MAIN)
    (folder / "mps2.ld").write_text(_SCRIPT)
    tools = compiler.find(CORES[core])
    flags = (*CORES[core].cflags, *compiler.LANGUAGE)
    objects = tools.compile([*sources, Path("main.c")], (*flags, f"-DTIMES={times}"), folder)
    tools.link(objects, (*CORES[core].cflags, "-nostartfiles", "-Wl,-T,mps2.ld"), Path("count.elf"), folder)
    return folder / "count.elf"


def count(image: Path, core: str, times: int) -> Counted:
    """Run the image of `build`."""
    command = ["qemu-system-arm", "-machine", MACHINES[core], "-icount", "shift=0", "-kernel", str(image)]
    command += ["-semihosting-config", "enable=on,target=native", "-display", "none", "-monitor", "none"]
    command += ["-serial", "none"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    once, many, *output = (int(word, 16) for word in re.findall(r"[0-9a-f]+", done.stdout + done.stderr))
    return Counted(once, many, times, np.array(output, np.uint8).view(np.int8))
