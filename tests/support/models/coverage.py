"""Which kernel each step of a generated model calls."""

from __future__ import annotations

import re
from collections import Counter

from emgdeploy.codegen import GeneratedModel

_CALL = re.compile(r"^ {4}emg_(\w+)\(&layer_", re.MULTILINE)


def kernels_called(generated: GeneratedModel) -> list[str]:
    """Kernel names in call order, without their prefix."""
    body = generated.files["model.c"].partition("void emg_model_run(void)")[2]
    return _CALL.findall(body)


def outputs_by_kernel(generated: GeneratedModel, windows: int) -> Counter[str]:
    """How many numbers each kernel has written once `windows` windows were run."""
    found: Counter[str] = Counter()
    names = kernels_called(generated)
    for name, layer in zip(names, generated.layers, strict=True):
        size = 4 if name.endswith("f32") else 2 if "s16" in name.split("_")[-1] else 1
        found[name] += layer.out_bytes // size * windows
    return found
