"""The Zephyr module, compiled with a small kernel of the tests' own. The real one: tests/long/test_long_zephyr.py."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from support.commands.command import Cli
from support.commands.exporting import exported, on_a_pty

KERNEL = Path(__file__).parent / "zephyr_core"
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O2", "-DCONFIG_EMG_RX_BUFFER=1024")
CONFIGURED = ("-DCONFIG_UART_USE_RUNTIME_CONFIGURE", "-DCONFIG_INIT_STACKS", "-DCONFIG_THREAD_STACK_INFO")


@pytest.fixture(scope="module")
def module(spresense_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("zephyr") / "emg"
    exported(spresense_build, "zephyr", out)
    return out


def _listed(module: Path) -> list[Path]:
    """The sources that the module's CMakeLists.txt names."""
    text = (module / "zephyr" / "CMakeLists.txt").read_text()
    return [(module / "zephyr" / name).resolve() for name in re.findall(r"\S+\.c\b", text)]


def test_every_source_is_named_once_and_nothing_else(module: Path) -> None:
    listed = _listed(module)
    assert sorted(listed) == sorted(path.resolve() for path in (module / "emg").rglob("*.c"))
    text = (module / "zephyr" / "CMakeLists.txt").read_text()
    model, wire = text.split("zephyr_library_sources_ifdef(CONFIG_EMG_WIRE")
    assert "emg/model.c" in model and "emg/live.c" in model and "/app/" not in model
    assert "emg/zephyr/emg_zephyr.c" in wire and "kernels/" not in wire


def test_the_module_answers_the_bench(module: Path, spresense_build: Path, cli: Cli, tmp_path: Path) -> None:
    program = tmp_path / "module"
    sources = [*_listed(module), KERNEL / "kernel.c"]
    include = (f"-I{module}", f"-I{KERNEL}")
    command = ["gcc", *STRICT, *CONFIGURED, *include, *map(str, sources), "-o", str(program)]
    subprocess.run(command, check=True)
    with on_a_pty(program) as port:
        line = ("bench", "--build", spresense_build, "--port", port)
        done = cli(*line, "--json", cwd=tmp_path)
        done.succeeds()
        cli(*line, "--raise-baud", "460800", cwd=tmp_path).succeeds()
    verdict = json.loads(done.out)
    assert (verdict["windows"], verdict["correct_bits"], verdict["wrong_bits"]) == (200, 200, 0)
    assert verdict["board"] == "spresense" and verdict["timing_source"] == "os-clock"
    assert verdict["device"]["stack_used"] == 1000 and verdict["device"]["rx_dropped"] == 0


@pytest.mark.parametrize("options", [(), CONFIGURED], ids=["bare", "configured"])
def test_the_glue_compiles_for_a_core_with_a_cycle_counter(
    options: tuple[str, ...], module: Path, tmp_path: Path
) -> None:
    source = module / "emg" / "zephyr" / "emg_zephyr.c"
    target = ("-mcpu=cortex-m4", "-mthumb", "-c", "-o", str(tmp_path / "glue.o"))
    include = (f"-I{module}", f"-I{KERNEL}")
    subprocess.run(["arm-none-eabi-gcc", *STRICT, *options, *include, *target, str(source)], check=True)


def test_the_application_gives_main_the_models_stack(module: Path, spresense_build: Path) -> None:
    needed = json.loads((spresense_build / "manifest.json").read_text())["stack_bytes"]
    line = re.search(r"^CONFIG_MAIN_STACK_SIZE=(\d+)$", (module / "bench" / "prj.conf").read_text(), re.M)
    assert line is not None and int(line[1]) >= needed + 1024
