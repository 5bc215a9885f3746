"""Which rules of MISRA C:2012 the kernels break, by cppcheck's addon: those in docs/misra.md and no other."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter

import pytest

from conftest import ROOT
from emgdeploy.resources import FIRMWARE_TEMPLATES

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("cppcheck") is None, reason="no cppcheck (apt-get install cppcheck)"),
]


def recorded() -> set[str]:
    rows = re.findall(
        r"^\| ([\d., ]+) \| (?:required|advisory) \|", (ROOT / "docs/misra.md").read_text(), re.MULTILINE
    )
    return {rule for row in rows for rule in row.split(", ")}


def test_the_kernels_break_no_rule_that_is_not_on_record() -> None:
    # The addon's parser does not know the vector types of arm_mve.h.
    kernels = [p for p in (FIRMWARE_TEMPLATES / "runtime/kernels").rglob("*.c") if "mve" not in p.parts]
    assert len(kernels) > 60
    options = ("--addon=misra", "--std=c99", "--enable=style", "--quiet", "--template={id}")
    done = subprocess.run(["cppcheck", *options, *kernels], check=True, capture_output=True, text=True)
    broken = Counter(re.findall(r"^misra-c2012-([\d.]+)$", done.stderr, re.MULTILINE))
    for rule, times in sorted(broken.items(), key=lambda one: tuple(map(int, one[0].split(".")))):
        print(f"rule {rule}: {times} places")
    assert broken, done.stderr[:1000]
    assert set(broken) == recorded()
