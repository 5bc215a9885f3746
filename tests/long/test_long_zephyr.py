"""The exported module in a real Zephyr tree, on QEMU: `make test-long-zephyr ZEPHYR_BASE=... ZEPHYR_MODULES=...`.

ZEPHYR_BASE: Zephyr's sources (3.7 was tried); ZEPHYR_MODULES: the CMSIS module that its west.yml names. West's
Python packages, CMake, Ninja and dtc have to be there too.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.commands.command import Cli

pytestmark = pytest.mark.long

# Board of the build, Zephyr's board, QEMU's machine: portable kernels on a Cortex-M3, Helium on a Cortex-M55.
TARGETS = {
    "cortex-m3": ("qemu-mps2-an386", "mps2/an385", "mps2-an385"),
    "cortex-m55": ("qemu-mps3-an547", "mps3/an547", "mps3-an547"),
}
WINDOWS = 200


def _tool(*command: str | Path) -> str:
    toolchain = {"ZEPHYR_TOOLCHAIN_VARIANT": "gnuarmemb", "GNUARMEMB_TOOLCHAIN_PATH": "/usr"}
    done = subprocess.run(command, env={**toolchain, **os.environ}, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout + done.stderr


def _build(module: Path, board: str, folder: Path) -> Path:
    modules = f"-DZEPHYR_MODULES={os.environ.get('ZEPHYR_MODULES', '')}"
    _tool("cmake", "-GNinja", "-B", folder, "-S", module / "bench", f"-DBOARD={board}", modules)
    said = _tool("ninja", "-C", folder)
    assert "warning:" not in said, said
    return folder / "zephyr" / "zephyr.elf"


@contextmanager
def _running(machine: str, elf: Path) -> Iterator[str]:
    """A port to the UART of the machine that runs `elf`; its clock is that of the wall."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serial = f"tcp:127.0.0.1:{port},server=on,wait=off"
    command = ["qemu-system-arm", "-M", machine, "-display", "none", "-monitor", "none", "-serial", serial]
    process = subprocess.Popen([*command, "-kernel", str(elf)])
    try:
        time.sleep(2)  # until it listens and has booted
        yield f"socket://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("core", TARGETS)
def test_the_module_on_an_emulated_core(core: str, shared: Path, cli: Cli, tmp_path: Path) -> None:
    if not os.environ.get("ZEPHYR_BASE"):
        pytest.skip("no tree: ZEPHYR_BASE is not set")
    board, zephyr_board, machine = TARGETS[core]
    model = shared / "models" / "mlperf_tiny" / "kws_ref_model.tflite"
    out, module = tmp_path / "b", tmp_path / "emg"
    cli("build", "--board", board, "--model", model, "--out", out).succeeds()
    cli("export", "--format", "zephyr", "--build", out, "--out", module).succeeds()
    with _running(machine, _build(module, zephyr_board, tmp_path / "z")) as port:
        cli("bench", "--build", out, "--port", port, "--limit", WINDOWS, timeout=900).succeeds()
    verdict = json.loads((out / "bench.json").read_text())
    assert verdict["windows"] == verdict["correct_bits"] == WINDOWS
    assert verdict["timing_source"] == "os-clock" and verdict["device"]["rx_dropped"] == 0
    print(core, verdict["correct_bits"], "windows equal, stack", verdict["device"]["stack_used"])
