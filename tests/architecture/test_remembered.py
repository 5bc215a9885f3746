"""Long targets forget what they remember when a kernel, the firmware or a compiler changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import ROOT
from support.long_runs import fingerprint, once, resume


def test_another_kernel_or_compiler_is_another_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernels = "firmware_templates/runtime/kernels/pool"
    shutil.copytree(ROOT / kernels, tmp_path / kernels)
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)
    before = fingerprint.of([kernels])
    assert fingerprint.of([kernels]) == before
    changed = next((tmp_path / kernels).glob("*.c"))
    text = changed.read_text()
    changed.write_text(text + "\n")
    assert fingerprint.of([kernels]) != before
    changed.write_text(text)
    monkeypatch.setattr(fingerprint, "compilers", lambda: "gcc 99")
    assert fingerprint.of([kernels]) != before


def test_results_of_the_wire_and_of_networks_depend_on_all_firmware() -> None:
    assert "gcc" in fingerprint.compilers()
    for places in (once.LINK, once.BENCH, resume.DEPENDS_ON):
        assert "firmware_templates" in places and "toolchain/emgdeploy/codegen" in places
