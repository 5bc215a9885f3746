"""Small linked images for the profiler, from assembly."""

from __future__ import annotations

import subprocess
from pathlib import Path

_HEAD = ".syntax unified\n.thumb\n.text\n"
_LINK = ["-nostdlib", "-Wl,-Ttext=0x1000", "-Wl,--build-id=none", "-Wl,-e,emg_model_invoke"]


def image(functions: dict[str, str], folder: Path, core: str = "cortex-m4") -> Path:
    """An ELF file with these functions (name -> instructions), in this order."""
    text = _HEAD
    for name, body in functions.items():
        text += f".global {name}\n.type {name}, %function\n.thumb_func\n{name}:\n"
        text += body.replace(";", "\n") + f"\n.size {name}, . - {name}\n"
    folder.mkdir(exist_ok=True)
    source = folder / "image.S"
    source.write_text(text)
    target = folder / "image.elf"
    command = ["arm-none-eabi-gcc", f"-mcpu={core}", "-mthumb", *_LINK, str(source), "-o", str(target)]
    subprocess.run(command, check=True)
    return target
