"""The firmware's wire side around a model of three lines, as a process on a pseudo terminal."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import termios
import tty
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emgdeploy.link.port import FdPort
from emgdeploy.resources import FIRMWARE_TEMPLATES

RATES = {
    getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()
}

STRICT = ("-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow")
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
PARSER = ("frame", "binary", "text", "crc32", "receiver")
SESSION = (*PARSER, "session", "window")
_APP = FIRMWARE_TEMPLATES / "runtime" / "app"
MODEL_SHA256 = "5a" * 32
BUILD_ID = "0123456789abcdef"

_BUILD_INFO = f"""
#define EMG_BUILD_ID "{BUILD_ID}"
#define EMG_BOARD_NAME "native"
#define EMG_CLOCK_HZ 1000000000u
#define EMG_UART_BAUD 115200u
#define EMG_TOOL_VERSION "test"
"""

_MODEL_H = """
#ifndef EMG_MODEL_H
#define EMG_MODEL_H
#include <stdint.h>
#define EMG_INPUT_LEN %(inputs)d
#define EMG_OUTPUT_LEN %(outputs)d
#define EMG_MODEL_SHA256 "%(sha)s"
typedef int8_t emg_input_t;
typedef int8_t emg_output_t;
void emg_model_invoke(const emg_input_t *input, emg_output_t *output);
int emg_model_selftest(void);
#endif
"""

# Every output depends on every input and on its place.
_MODEL_C = """
#include "model.h"
#include <time.h>
void emg_model_invoke(const emg_input_t *input, emg_output_t *output) {
    uint32_t k;
    uint32_t i;
    for (k = 0; k < EMG_OUTPUT_LEN; k++) {
        uint32_t sum = k;
        for (i = 0; i < EMG_INPUT_LEN; i++) {
            sum = sum * 31u + (uint32_t)(uint8_t)input[i] + k;
        }
        output[k] = (emg_output_t)(uint8_t)(sum >> 8);
    }
    for (i = SPIN; i > 0; i--) {
        __asm volatile("" ::: "memory");
    }
}
int emg_model_selftest(void) {
    static emg_input_t zeros[EMG_INPUT_LEN];
    static emg_output_t out[EMG_OUTPUT_LEN];
    emg_model_invoke(zeros, out);
    return SELFTEST;
}
"""


def expected(windows: NDArray[np.int8], outputs: int = 8) -> NDArray[np.int8]:
    """What the three-line model answers: windows (N, ...) -> (N, outputs)."""
    flat = windows.reshape(len(windows), -1).view(np.uint8).astype(np.uint32)
    k = np.arange(outputs, dtype=np.uint32)
    sums = np.tile(k, (len(flat), 1))
    for column in flat.T:
        sums = sums * np.uint32(31) + column[:, None] + k
    return (sums >> np.uint32(8)).astype(np.uint8).view(np.int8)


@dataclass(frozen=True)
class Firmware:
    """A built device program. inputs, outputs: elements of its model, one byte each."""

    program: Path
    inputs: int
    outputs: int

    def windows(self, count: int, seed: int = 0) -> NDArray[np.int8]:
        """Random windows for it, (count, inputs)."""
        return np.random.default_rng(seed).integers(-128, 128, (count, self.inputs)).astype(np.int8)


def build(
    folder: Path,
    inputs: int = 192,
    outputs: int = 8,
    flags: tuple[str, ...] = SANITIZE,
    spin: int = 0,
    selftest: int = 0,
    changes: tuple[tuple[str, str, str], ...] = (),
) -> Firmware:
    """Compile the device side. changes: (file below the sources, text, replacement) for broken firmware."""
    source = folder / "src"
    shutil.copytree(FIRMWARE_TEMPLATES / "runtime" / "app", source / "runtime" / "app")
    shutil.copy(FIRMWARE_TEMPLATES / "runtime" / "platform.h", source / "runtime")
    for part in ("posix", "native"):
        shutil.copytree(
            FIRMWARE_TEMPLATES / "platforms" / part,
            source / "platform",
            ignore=shutil.ignore_patterns("sensing"),  # of builds with --live alone
            dirs_exist_ok=True,
        )
    facts = {"inputs": inputs, "outputs": outputs, "sha": MODEL_SHA256}
    (source / "build_info.h").write_text(_BUILD_INFO)
    (source / "model.h").write_text(_MODEL_H % facts)
    (source / "model.c").write_text(_MODEL_C.replace("SPIN", f"{spin}u").replace("SELFTEST", str(selftest)))
    for name, text, replacement in changes:
        before = (source / name).read_text()
        assert before.count(text) == 1, f"{name} has {before.count(text)} times {text!r}"
        (source / name).write_text(before.replace(text, replacement))
    program = folder / "firmware"
    subprocess.run(["gcc", *STRICT, *flags, "-o", program, *sorted(source.rglob("*.c"))], check=True)
    return Firmware(program, inputs, outputs)


_TAPPED_MODEL_H = """
#include <stdint.h>
uint8_t *emg_model_input(void);
void emg_model_run(void);
void emg_model_tap(int step, const void *data, uint32_t bytes);
"""


def compile_c(source: str, parts: tuple[str, ...], folder: Path, taps: int = 0) -> Path:
    """A program of tests/link/c with parts of the device side, warnings as errors, sanitizers on.

    taps: steps of the model that the program brings, for a device with taps.
    """
    program = folder / f"{Path(source).stem}-{taps}"
    here = Path(__file__).parents[2] / "link" / "c"
    sources = [here / source, *(_APP / f"{part}.c" for part in parts)]
    options: list[str | Path] = ["-I", _APP]
    if taps:
        (folder / "runtime" / "taps").mkdir(parents=True)
        (folder / "model.h").write_text(_TAPPED_MODEL_H)  # as seen from the folder in which taps.c lies
        sources.append(_APP.parent / "taps" / "taps.c")
        options += [f"-DEMG_TAPS={taps}u", "-I", _APP.parent / "taps", "-I", folder / "runtime" / "taps"]
    subprocess.run(["gcc", *STRICT, *SANITIZE, *options, "-o", program, *sources], check=True)
    return program


class Device:
    """The firmware as a process on a pseudo terminal; port: our side of its line."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        self._process = self._boot()
        self.port = FdPort(os.dup(self._ours), "test device")

    def _boot(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([self._program, self.path])

    def reset(self) -> None:
        """Start the firmware anew; what it had not read or sent is lost."""
        self._end()
        termios.tcflush(self._theirs, termios.TCIOFLUSH)
        self._set_boot_rate()
        self._process = self._boot()

    def _set_boot_rate(self) -> None:
        attributes = termios.tcgetattr(self._theirs)
        attributes[4] = attributes[5] = termios.B38400
        termios.tcsetattr(self._theirs, termios.TCSANOW, attributes)

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()

    def waiting(self) -> int:
        """Bytes sent to the device that it has not read yet."""
        return int.from_bytes(fcntl.ioctl(self._theirs, termios.FIONREAD, b"\0" * 4), sys.byteorder)

    def speed(self) -> int:
        """The tty's rate in bit/s, as the firmware set it."""
        return RATES.get(termios.tcgetattr(self._ours)[5], 0)

    def resident_kib(self) -> int:
        """Memory of the process in KiB."""
        return self._status("VmRSS")

    def sleeps(self) -> int:
        """How often it has waited for something instead of computing."""
        return self._status("voluntary_ctxt_switches")

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        return 0

    def cpu_seconds(self) -> float:
        """Time that the process has computed, in the kernel too."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it."""
        self.port.close()
        self._end()
        os.close(self._ours)
        os.close(self._theirs)

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
