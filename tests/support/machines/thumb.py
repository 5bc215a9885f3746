"""Thumb assembly -> bytes, with the project's own cross compiler."""

from __future__ import annotations

import subprocess
from pathlib import Path


def assemble(text: str, folder: Path, cpu: str = "cortex-m4", fpu: str = "fpv4-sp-d16") -> bytes:
    """Machine code of the instructions in `text`, one per line."""
    source = folder / "code.s"
    source.write_text(f".syntax unified\n.thumb\n.cpu {cpu}\n.fpu {fpu}\n.text\n{text}\n")
    subprocess.run(["arm-none-eabi-as", "-mthumb", str(source), "-o", str(folder / "code.o")], check=True)
    files = [str(folder / "code.o"), str(folder / "code.bin")]
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", *files], check=True)
    return (folder / "code.bin").read_bytes()
