"""A NuttX for QEMU's mps2-an386 (Cortex-M4F), made in a tree's copy from its own board for the mps2-an500.

NuttX knows the chip, but has no board for it: the application under test runs on the core of the
Spresense all the same.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emgdeploy.firmware.nuttx.tree import Tree
from emgdeploy.firmware.nuttx.workspace import Workspace

_BOARD = Path("boards/arm/mps/mps2-an500")
_RAM = "0x21000000"  # where QEMU's AN386 has its 16 MB of PSRAM
_DROPPED = ("ARM_MPU", "AN500", "RAM_", "DEBUG", "OSTEST", "PROFILE", "GPROF", "FRAME_POINTER", "IRQMON")
_ADDED = f"""
CONFIG_ARCH_BOARD="mps2-an500"
CONFIG_ARCH_BOARD_MPS2_AN500=y
CONFIG_ARCH_CHIP_MPS2_AN386=y
CONFIG_ARCH_FPU=y
CONFIG_RAM_START={_RAM}
CONFIG_RAM_SIZE=16777216
CONFIG_STACK_COLORATION=y
CONFIG_EMG_APP=y
"""


def _change(path: Path, pattern: str, replacement: str) -> None:
    """Change exactly one place, or say that this NuttX is another than the one this was written for."""
    text = path.read_text()
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.DOTALL)
    assert count == 1, f"{path} has no {pattern}: adapt this file to the tree's version"
    path.write_text(changed)


def _make_board(nuttx: Path, first_program: str) -> None:
    _change(
        nuttx / "boards/Kconfig",
        r"(config ARCH_BOARD_MPS2_AN500\n.*?depends on ARCH_CHIP_MPS2_AN500)\n",
        r"\1 || ARCH_CHIP_MPS2_AN386\n",
    )
    memory_map = nuttx / "arch/arm/src/mps/hardware/mps_memorymap.h"
    _change(memory_map, r"(AN386\).*?MPS_PSRAM_START\s+)0x60000000", rf"\g<1>{_RAM}")
    _change(nuttx / _BOARD / "scripts/flash.ld", "ORIGIN = 0x60000000", f"ORIGIN = {_RAM}")
    # The UART of QEMU raises no interrupt for a byte that came while the interrupt was off.
    _change(
        nuttx / "drivers/serial/serial_cmsdk.c",
        r"(0, UART_CTRL_RX_INT_ENABLE \| UART_CTRL_RX_OVERRUN_INT_ENABLE\);\n)",
        r"\1      if (uart_cmsdk_rxavailable(dev))\n        {\n          uart_recvchars(dev);\n        }\n",
    )
    config = nuttx / _BOARD / "configs/nsh/defconfig"
    kept = [line for line in config.read_text().splitlines() if not any(word in line for word in _DROPPED)]
    kept = [line for line in kept if not line.startswith("CONFIG_INIT_ENTRYPOINT")]
    config.write_text("\n".join(kept) + _ADDED + f'CONFIG_INIT_ENTRYPOINT="{first_program}"\n')


def build(tree: Tree, app: Path, first_program: str) -> Path:
    """The image with `app`; first_program: "nsh_main" or "emg_main"."""
    place = Workspace(tree, f"qemu-{first_program}")
    with place.locked():
        place.prepare()
        place.log.write_bytes(b"")
        target = place.root / "apps" / "external"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(app, target)
        (place.root / "apps" / "libapps.a").unlink(missing_ok=True)
        for mark in (place.root / "apps").rglob(".built"):
            mark.unlink()
        if not (place.nuttx / ".config").is_file():
            _make_board(place.nuttx, first_program)
            place.run(["tools/configure.sh", "-l", "mps2-an500:nsh"], place.nuttx, "configuring")
        if first_program == "emg_main":
            stack = re.search(r"INIT_STACKSIZE=(\d+)", (app / "configs/autostart/defconfig").read_text())
            assert stack is not None
            _change(
                place.nuttx / ".config", r"CONFIG_INIT_STACKSIZE=\d+", f"CONFIG_INIT_STACKSIZE={stack[1]}"
            )
            place.run(["make", "olddefconfig"], place.nuttx, "configuring")
        place.run(["make", f"-j{os.cpu_count()}"], place.nuttx, "building NuttX for QEMU")
        warnings = [line for line in place.log.read_text(errors="replace").splitlines() if "warning:" in line]
        assert [line for line in warnings if "external" in line] == []
    return place.nuttx / "nuttx"


@contextmanager
def running(image: Path) -> Iterator[str]:
    """The tty of an emulated board that runs `image`."""
    command = [
        *("qemu-system-arm", "-machine", "mps2-an386", "-kernel", str(image), "-serial", "pty"),
        *("-display", "none", "-monitor", "none", "-nodefaults"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            found = re.search(r"/dev/pts/\d+", line)
            if found:
                yield found[0]
                return
        raise AssertionError("QEMU named no tty")
    finally:
        process.kill()
        process.wait()
