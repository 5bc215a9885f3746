"""A build's model for other build systems: it compiles there, and an Arduino sketch answers the bench."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import pytest

from emgdeploy.errors import DoesNotFitError, InputError, UsageError
from emgdeploy.firmware import manifest as manifests
from emgdeploy.firmware.exports import FORMATS, ExportRequest, export
from support.commands.command import Cli
from support.commands.exporting import exported, on_a_pty, request

CORE = Path(__file__).parent / "arduino_core"
STRICT = ("-Wall", "-Wextra", "-Werror", "-ffunction-sections", "-fno-strict-aliasing", "-Os")
CPP = ("-std=gnu++11", "-fno-exceptions", "-fno-rtti")
# Of the cores for Spresense, UNO R4, Zero and Due, as their platform.txt or boards.txt has them.
TARGETS = {
    "spresense": ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-mabi=aapcs"),
    "uno-r4": ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-fsigned-char"),
    "zero": ("-mcpu=cortex-m0plus", "-mthumb"),
    "due": ("-mcpu=cortex-m3", "-mthumb"),
}


@pytest.fixture(scope="module")
def library(spresense_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("libraries") / "emgdeploy"
    exported(spresense_build, "arduino", out)
    return out


def _compile(library: Path, objects: Path, prefix: str, flags: tuple[str, ...]) -> list[Path]:
    """Every source of the library and its sketch, each as the Arduino build calls the compiler."""
    include = (f"-I{library / 'src'}", f"-I{CORE}")
    sources = [path for path in sorted((library / "src").rglob("*")) if path.suffix in (".c", ".cpp")]
    made = []
    for source in [*sources, library / "examples" / "EmgBench" / "EmgBench.ino"]:
        target = objects / f"{source.stem}.o"
        if source.suffix == ".c":
            command = [f"{prefix}gcc", "-std=gnu11"]
        else:
            command = [f"{prefix}g++", *CPP, "-include", "Arduino.h", "-x", "c++"]
        command += [*STRICT, *flags, *include, "-c", str(source), "-o", str(target)]
        subprocess.run(command, check=True)
        made.append(target)
    return made


@pytest.mark.parametrize("target", TARGETS)
def test_the_library_compiles_and_adds_no_foreign_name(target: str, library: Path, tmp_path: Path) -> None:
    *own, sketch = _compile(library, tmp_path, "arm-none-eabi-", TARGETS[target])
    listed = subprocess.check_output(
        ["arm-none-eabi-nm", "--defined-only", "--extern-only", "--format=posix", *own], text=True
    )
    names = [line.split()[0] for line in listed.splitlines() if " " in line]
    assert len(names) > 40 and [name for name in names if not name.startswith("emg_")] == []
    assert "emg_live_push" in names
    wanted = subprocess.check_output(["arm-none-eabi-nm", "-u", "--format=posix", sketch], text=True)
    assert "emg_arduino_attach" in wanted and "emg_arduino_poll" in wanted


def test_the_sketch_answers_the_bench(library: Path, spresense_build: Path, cli: Cli, tmp_path: Path) -> None:
    objects = _compile(library, tmp_path, "", ())
    core = ["g++", *CPP, *STRICT, str(CORE / "core.cpp"), *map(str, objects), "-o", str(tmp_path / "sketch")]
    subprocess.run(core, check=True)
    with on_a_pty(tmp_path / "sketch") as port:
        done = cli("bench", "--build", spresense_build, "--port", port, "--json", cwd=tmp_path)
        done.succeeds()
        cli(
            "bench", "--build", spresense_build, "--port", port, "--raise-baud", "460800", cwd=tmp_path
        ).succeeds()
    verdict = json.loads(done.out)
    assert (verdict["windows"], verdict["correct_bits"], verdict["wrong_bits"]) == (200, 200, 0)
    assert verdict["board"] == "spresense" and verdict["timing_source"] == "arduino-micros"


def test_the_plain_c_runs_as_its_readme_says(spresense_build: Path, tmp_path: Path) -> None:
    exported(spresense_build, "c", tmp_path / "c")
    readme = (tmp_path / "c" / "README.md").read_text()
    command = next(line.strip() for line in readme.splitlines() if line.strip().startswith("cc "))
    warnings = " -Wall -Wextra -Werror -Wconversion"
    subprocess.run(command.replace("cc ", "gcc ", 1) + warnings, shell=True, check=True, cwd=tmp_path / "c")
    done = subprocess.run([tmp_path / "c" / "example"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "right"
    assert not any("app" in path.parts for path in (tmp_path / "c").rglob("*.c"))
    assert "emg/live.c" in command and "emg_live_push" in readme


def test_the_plain_c_builds_with_cmake(spresense_build: Path, tmp_path: Path) -> None:
    exported(spresense_build, "c", tmp_path / "c")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(own C)\nadd_subdirectory(c)\n"
        "add_executable(own c/example.c)\ntarget_link_libraries(own emg_model)\n"
    )
    subprocess.run(["cmake", "-S", tmp_path, "-B", tmp_path / "b"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", tmp_path / "b"], check=True, stdout=subprocess.DEVNULL)
    assert subprocess.run([tmp_path / "b" / "own"], stdout=subprocess.DEVNULL).returncode == 0


def test_the_nuttx_folder_is_that_of_the_build(spresense_build: Path, tmp_path: Path) -> None:
    done = exported(spresense_build, "nuttx", tmp_path / "emg")
    for name in done.files:
        if name not in ("emgdeploy-export.json", "LICENSE"):
            assert (tmp_path / "emg" / name).read_bytes() == (spresense_build / "app" / name).read_bytes()
    assert {"Kconfig", "Makefile", "Make.defs", "CMakeLists.txt"} <= set(done.files)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_build_is_exported_to_the_same_bytes(
    kind: str, spresense_build: Path, tmp_path: Path
) -> None:
    first, again = (
        exported(spresense_build, kind, tmp_path / "one"),
        exported(spresense_build, kind, tmp_path / "two"),
    )
    assert first.files == again.files
    for name in first.files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    mark = json.loads((tmp_path / "one" / "emgdeploy-export.json").read_text())
    assert (
        mark["format"] == kind
        and mark["firmware_build_id"] == manifests.load(spresense_build).firmware_build_id
    )


def _heavy(spresense_build: Path, out: Path, constants: int, memory_kb: int | None = None) -> ExportRequest:
    """The request of a build whose weights took `constants` bytes."""
    light = request(spresense_build, "arduino", out, memory_kb)
    manifest = light.manifest
    more = constants - manifest.weights_bytes - manifest.params_bytes
    manifest = dataclasses.replace(
        manifest,
        weights_bytes=manifest.weights_bytes + more,
        flash_bytes=manifest.flash_bytes + more,
        ram_bytes=manifest.ram_bytes + more,
    )
    return dataclasses.replace(light, manifest=manifest)


def test_the_default_memory_of_the_arduino_core_is_checked(spresense_build: Path, tmp_path: Path) -> None:
    with pytest.raises(DoesNotFitError) as caught:
        export(_heavy(spresense_build, tmp_path / "a", 853_176))
    assert "768 KB of memory is " in caught.value.message and "853,176" in caught.value.message
    assert caught.value.hint == "Tools > Memory > 1152 KB suffices: export with --memory 1152"
    assert caught.value.exit_code == 5 and not (tmp_path / "a").exists()


def test_a_larger_setting_is_taken_and_told_to_whoever_compiles(
    spresense_build: Path, tmp_path: Path
) -> None:
    done = export(_heavy(spresense_build, tmp_path / "a", 853_176, 1280))
    assert done.notes == ("choose Tools > Memory > 1152 KB or more",)
    readme = (tmp_path / "a" / "README.md").read_text()
    assert "Tools > Memory > 1152 KB or more is needed" in readme
    assert "The default of 768 KB is too small for this model." in readme
    sketch = (tmp_path / "a" / "examples" / "EmgBench" / "EmgBench.ino").read_text()
    assert "Tools > Memory > 1152 KB" in sketch


def test_a_small_model_is_content_with_the_default(
    spresense_build: Path, library: Path, tmp_path: Path
) -> None:
    assert exported(spresense_build, "arduino", tmp_path / "a").notes == ()
    assert "The default of 768 KB is enough." in (library / "README.md").read_text()


def test_no_setting_suffices_for_a_model_that_large(spresense_build: Path, tmp_path: Path) -> None:
    with pytest.raises(DoesNotFitError) as caught:
        export(_heavy(spresense_build, tmp_path / "a", 1_400_000, 1536))
    assert "no setting" in caught.value.hint


def test_settings_and_formats_that_do_not_exist(
    spresense_build: Path, tiny_build: Path, tmp_path: Path, cli: Cli
) -> None:
    with pytest.raises(UsageError, match="the memory menu has no 700 KB"):
        export(request(spresense_build, "arduino", tmp_path / "a", 700))
    with pytest.raises(UsageError, match="has no memory menu"):
        export(request(tiny_build, "arduino", tmp_path / "a", 768))
    with pytest.raises(UsageError, match="setting of Arduino cores"):
        export(request(spresense_build, "c", tmp_path / "a", 768))
    with pytest.raises(UsageError, match="does not run NuttX"):
        export(request(tiny_build, "nuttx", tmp_path / "a"))
    done = cli("export", "--format", "mbed", "--out", tmp_path / "a", "--build", spresense_build)
    done.fails(2, "arduino", "c", "nuttx")


def test_a_folder_of_something_else_is_kept(spresense_build: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine.ino").write_text("void setup() {}\n")
    with pytest.raises(UsageError, match="is no export folder"):
        exported(spresense_build, "arduino", tmp_path / "a")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mine.ino"]


def test_a_link_out_of_the_build_folder_is_not_followed(spresense_build: Path, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(spresense_build, tmp_path / "b"))
    (copy / "src" / "model.h").unlink()
    (copy / "src" / "model.h").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="leads out of the build folder"):
        exported(copy, "c", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_the_command_line_exports_the_most_recent_build(
    spresense_build: Path, tmp_path: Path, cli: Cli
) -> None:
    done = cli("export", "--format", "arduino", "--out", tmp_path / "a", "--json", cwd=spresense_build.parent)
    done.succeeds()
    assert "src/emgdeploy.h" in json.loads(done.out)["files"]
