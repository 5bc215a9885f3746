"""The stack bound: the deepest path, whatever leads to it, or none at all."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from emgdeploy.binary.pointers import addresses_taken
from emgdeploy.binary.stack import LIBRARY_ALLOWANCE, CallGraph, StackNeed, need, read_call_graphs
from emgdeploy.resources import FIRMWARE_TEMPLATES


def _graph(
    frames: dict[str, int | None], calls: dict[str, set[str]], pointed: frozenset[str] = frozenset()
) -> CallGraph:
    return CallGraph(frames, {name: frozenset(called) for name, called in calls.items()}, pointed)


def test_the_deepest_path_counts_not_the_longest() -> None:
    graph = _graph({"main": 8, "a": 100, "b": 1, "c": 1}, {"main": {"a", "b"}, "b": {"c"}})
    assert need(graph, "main") == StackNeed(108)


def test_an_interrupt_stands_on_top_of_the_deepest_path() -> None:
    graph = _graph({"main": 8, "handler": 16}, {})
    assert need(graph, "main", ["handler"], 112) == StackNeed(8 + 16 + 112)


def test_a_library_function_gets_an_allowance() -> None:
    assert need(_graph({"main": 8}, {"main": {"memcpy"}}), "main") == StackNeed(8 + LIBRARY_ALLOWANCE)


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (_graph({"main": 8, "a": 8}, {"main": {"a"}, "a": {"main"}}), "calls itself"),
        (_graph({"main": None}, {}), "no constant size"),
        (_graph({"main": 8}, {"main": {"__indirect_call"}}), "pointer"),
    ],
)
def test_no_bound_is_said_with_the_reason(graph: CallGraph, reason: str) -> None:
    found = need(graph, "main")
    assert found.bytes is None and reason in found.reason


def test_a_call_through_a_pointer_reaches_every_function_whose_address_is_taken() -> None:
    calls = {"main": {"__indirect_call"}}
    graph = _graph({"main": 8, "small": 4, "large": 400}, calls, frozenset({"small", "large"}))
    assert need(graph, "main") == StackNeed(408)


SOURCE = """
typedef int (*step_t)(int);
static int deep(int x) { volatile char room[1000]; room[0] = (char)x; return room[0]; }
int shallow(int x) { return x + 1; }
int never_pointed_to(int x) { volatile char room[5000]; room[0] = (char)x; return room[0]; }
const step_t steps[2] = {deep, shallow};
int main(void) { volatile int i = 1; return steps[i](i) + never_pointed_to(0) * 0; }
"""


@pytest.mark.parametrize("compiler", ["gcc", "arm-none-eabi-gcc"])
def test_of_a_compiled_program(compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    (tmp_path / "p.c").write_text(SOURCE)
    flags = ["-O1", "-ffunction-sections", "-fdata-sections", "-fcallgraph-info=su", "-fno-inline"]
    subprocess.run([compiler, *flags, "-c", "p.c", "-o", "p.o"], cwd=tmp_path, check=True)
    assert addresses_taken(tmp_path / "p.o") == {"deep", "shallow"}
    graph = read_call_graphs([(tmp_path / "p.ci").read_text()], addresses_taken(tmp_path / "p.o"))
    found = need(graph, "main")
    assert found.bytes is not None and 4900 < found.bytes < 5200  # x86-64 keeps 128 bytes in the red zone


PAINT = """
#include "emg_main.c"
int emg_tty_open(const char *device, uint32_t baud) { return device == NULL || baud == 0u; }
static uint32_t stack[4096];
void emg_app_run(void) {
    uint32_t i, painted = 0;
    memset(stack, 0, sizeof stack);
    paint_stack(stack + 4000);
    for (i = 0; i < 4096; i++) {
        painted += stack[i] == STACK_PAINT;
    }
    printf("%u %u ", (unsigned)painted, (unsigned)emg_platform_stack_used());
    stack[4000 - 40] = 1;
    printf("%u", (unsigned)emg_platform_stack_used());
}
"""


@pytest.mark.parametrize(("stack_bytes", "says"), [(512, "0 0 0"), (1088, "0 0 0"), (2048, "240 256 352")])
def test_a_stack_under_nuttx_is_painted_within_its_bounds(
    stack_bytes: int, says: str, tmp_path: Path
) -> None:
    for name in ("nuttx", "dwt", "posix"):
        shutil.copytree(FIRMWARE_TEMPLATES / "platforms" / name, tmp_path / "platform", dirs_exist_ok=True)
    (tmp_path / "runtime").symlink_to(FIRMWARE_TEMPLATES / "runtime")
    (tmp_path / "build_info.h").write_text(
        '#define EMG_CLOCK_HZ 1000000u\n#define EMG_BOARD_NAME "x"\n#define EMG_UART_BAUD 115200\n'
    )
    (tmp_path / "nuttx").mkdir()
    (tmp_path / "nuttx" / "config.h").write_text(
        f'#define CONFIG_EMG_APP_STACKSIZE {stack_bytes}\n#define CONFIG_EMG_APP_DEVICE "/dev/x"\n'
        "#define CONFIG_EMG_APP_BAUD 115200\n#define CONFIG_EMG_APP_DRIVER_BUFFER 256\n"
    )
    (tmp_path / "platform" / "paint.c").write_text(PAINT)
    command = ["gcc", f"-I{tmp_path}", str(tmp_path / "platform/paint.c"), "-o", str(tmp_path / "paint")]
    subprocess.run(command, check=True)
    said = subprocess.run([tmp_path / "paint"], capture_output=True, text=True)
    assert said.stdout == says, said.stderr
