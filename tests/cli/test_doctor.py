"""`emgdeploy doctor`: present, missing and broken tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emgdeploy.cli import main
from emgdeploy.diagnosis import examine


def test_bench_is_possible_wherever_the_light_core_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--for", "bench", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["possible"] is True
    assert {"python", "gcc", "qemu-system-arm", "torch"} <= {item["name"] for item in report["findings"]}


def test_a_missing_compiler_is_exit_4_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["doctor", "--for", "build"]) == 4
    error, hint = capsys.readouterr().err.splitlines()[-2:]
    assert "arm-none-eabi-gcc" in error and "apt-get install gcc-arm-none-eabi" in hint


def test_a_tool_that_does_not_start_counts_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in (("gcc", "not a program"), ("openocd", "#!/bin/sh\necho Open On-Chip 1.2 >&2\n")):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    versions = {item.name: item.version for item in examine()}
    assert versions["openocd"] == "Open On-Chip 1.2"
    assert versions["arm-none-eabi-gcc"] is None
