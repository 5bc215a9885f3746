"""The CMSIS-Pack: its description names what is in it, and its components compile and run."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

from support.commands.exporting import exported

MAIN = """
#include "emg/model.h"
int main(void) { return emg_model_selftest(); }
"""


@pytest.fixture(scope="module")
def pack(spresense_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packs") / "emg"
    exported(spresense_build, "cmsis-pack", out)
    return out


def _description(pack: Path) -> ET.Element:
    return ET.parse(pack / "emgdeploy.emg_model.pdsc").getroot()


def _files(pack: Path, component: str, category: str) -> list[str]:
    found = _description(pack).findall(
        f".//component[@Csub='{component}']/files/file[@category='{category}']"
    )
    return [file.attrib["name"] for file in found]


def test_every_file_of_a_component_is_there_and_every_source_in_one(pack: Path) -> None:
    named = [file.attrib["name"] for file in _description(pack).iter("file")]
    assert len(named) == len(set(named)) > 20
    assert [name for name in named if not (pack / name).exists()] == []
    sources = {path.relative_to(pack).as_posix() for path in pack.rglob("*.c")}
    assert sources == {name for name in named if name.endswith(".c")}


def test_conditions_and_components_name_each_other(pack: Path) -> None:
    description = _description(pack)
    known = {condition.attrib["id"] for condition in description.iter("condition")}
    used = [element.attrib["condition"] for element in description.iter() if "condition" in element.attrib]
    assert used and set(used) <= known
    wanted = [rule.attrib["Csub"] for rule in description.iter("require") if "Csub" in rule.attrib]
    assert wanted == ["Model"] and _files(pack, "Model", "source")


def test_the_archive_holds_the_same_files(pack: Path) -> None:
    version = _description(pack).find("releases/release")
    assert version is not None
    with zipfile.ZipFile(pack / f"emgdeploy.emg_model.{version.attrib['version']}.pack") as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            assert archive.read(name) == (pack / name).read_bytes()
        named = {file.attrib["name"] for file in _description(pack).iter("file")} - {"./"}
        assert named | {"emgdeploy.emg_model.pdsc", "LICENSE"} <= set(archive.namelist())


def test_the_model_component_is_whole(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(MAIN)
    sources = [str(pack / name) for name in _files(pack, "Model", "source")]
    include = [f"-I{pack / name}" for name in _files(pack, "Model", "include")]
    program = tmp_path / "main"
    strict = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O2")
    subprocess.run(["gcc", *strict, *include, *sources, str(tmp_path / "main.c"), "-o", program], check=True)
    assert subprocess.run([program]).returncode == 0


def test_the_wire_needs_the_platform_and_nothing_else(pack: Path, tmp_path: Path) -> None:
    names = [*_files(pack, "Model", "source"), *_files(pack, "Wire", "source")]
    sources = [str(pack / name) for name in names]
    target = ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-O2", f"-I{pack}")
    whole = tmp_path / "whole.o"
    subprocess.run([*target, "-r", "-nostdlib", *sources, "-o", str(whole)], check=True)
    listed = subprocess.check_output(["arm-none-eabi-nm", "-u", "--format=posix", whole], text=True)
    wanted = {line.split()[0] for line in listed.splitlines()}
    header = (pack / "emg" / "runtime" / "platform.h").read_text()
    platform = {name for name in wanted if name.startswith("emg_platform_")}
    assert platform and all(name in header for name in platform)
    assert {name for name in wanted - platform if name.startswith("emg_")} == set()
