"""The app folder of a build, made into an image inside a tree's copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.errors import InputError
from emgdeploy.firmware.compiler import CompileError
from emgdeploy.firmware.nuttx.tree import SDK, Tree
from emgdeploy.firmware.nuttx.workspace import Workspace, check_tools

Report = Callable[[str], None]

_BOARD = "spresense:nsh"
_APPLICATIONS = "emgapps"
_MARK = ".emg-configured"


@dataclass(frozen=True)
class NuttxOptions:
    """How the application is started. stack_bytes: of its task; autostart: it is the first program."""

    stack_bytes: int
    autostart: bool = False

    def settings(self) -> dict[str, str]:
        """NuttX's options by name."""
        chosen = {
            "CONFIG_EMG_APP": "y",
            "CONFIG_EMG_APP_STACKSIZE": str(self.stack_bytes),
            "CONFIG_SERIAL_TERMIOS": "y",
        }
        if self.autostart:
            chosen["CONFIG_INIT_ENTRYPOINT"] = '"emg_main"'
            chosen["CONFIG_INIT_STACKSIZE"] = str(self.stack_bytes)
        return chosen


def make(app: Path, out: Path, tree: Tree, options: NuttxOptions, report: Report) -> dict[str, str]:
    """Build `app` in a copy of `tree` and put image, map and .spk into `out`; artefacts by name.

    Raises ToolMissingError, InputError, CompileError with the first error of the build.
    """
    check_tools()
    place = Workspace(tree, "autostart" if options.autostart else "nsh")
    with place.locked():
        report("copying the tree")
        place.prepare()
        place.log.write_bytes(b"")
        build = _build_sdk if tree.kind == SDK else _build_nuttx
        build(app, place, options, report)
        return _collect(place, out)


def _build_nuttx(app: Path, place: Workspace, options: NuttxOptions, report: Report) -> None:
    apps = place.root / "apps"
    target = _own_folder(apps)
    _replace(app, target)
    _forget_objects(apps / "libapps.a", target.name)
    report("configuring NuttX")
    if not (place.nuttx / _MARK).is_file():
        (apps / "Kconfig").unlink(missing_ok=True)  # else the new folder is not seen
        place.run(["tools/configure.sh", "-E", "-l", _BOARD], place.nuttx, "configuring NuttX")
        (place.nuttx / _MARK).touch()
    _apply(options, place, place.nuttx, {})
    report("building NuttX (minutes the first time)")
    place.run(["make", f"-j{os.cpu_count()}"], place.nuttx, "building NuttX")


def _own_folder(apps: Path) -> Path:
    """apps/external, as NuttX suggests, unless that is in use by somebody else."""
    external = apps / "external"
    return external if not external.exists() or _is_ours(external) else apps / "emg"


def _is_ours(folder: Path) -> bool:
    options = folder / "Kconfig"
    return options.is_file() and "EMG_APP" in options.read_text(errors="replace")


def _build_sdk(app: Path, place: Workspace, options: NuttxOptions, report: Report) -> None:
    sdk = place.root / "spresense" / "sdk"
    home = sdk.parent / _APPLICATIONS
    variables = {"SPRESENSE_HOME": str(home)}
    if not home.is_dir():
        place.run([sys.executable, "tools/mkappsdir.py", _APPLICATIONS], sdk, "making an application folder")
    _replace(app, home / "emg")
    _forget_objects(sdk / "apps" / "libapps.a", f"{_APPLICATIONS}.emg")
    report("configuring the SDK")
    if not (place.nuttx / _MARK).is_file():
        command = [sys.executable, "tools/config.py", "default", "emg/default"]
        place.run(command, sdk, "configuring the SDK", variables)
        (place.nuttx / _MARK).touch()
    _apply(options, place, sdk, variables)
    report("building the SDK (minutes the first time)")
    place.run(["make", f"-j{os.cpu_count()}"], sdk, "building the SDK", variables)


def _apply(options: NuttxOptions, place: Workspace, folder: Path, variables: dict[str, str]) -> None:
    """Bring the configuration to what is wanted, and see that the tree understood it."""
    config = place.nuttx / ".config"
    wanted = {f"{name}={value}" for name, value in options.settings().items()}
    if not wanted <= set(config.read_text().splitlines()):
        _set_options(config, options.settings())
        place.run(["make", "olddefconfig"], folder, "configuring", variables)
    missing = sorted(wanted - set(config.read_text().splitlines()))
    if missing:
        raise InputError(
            f"the tree does not take the option {missing[0]} (see {place.log})",
            "use a current NuttX or SDK, in which the application's Kconfig is read",
        )


def _replace(app: Path, target: Path) -> None:
    """The whole folder anew, so that no object of another model stays."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(app, target)


def _forget_objects(library: Path, mark: str) -> None:
    """Members of an earlier build of our folder; a source that is gone would stay in the library."""
    if not library.is_file():
        return
    listed = subprocess.run(["arm-none-eabi-ar", "t", library], capture_output=True, text=True, check=False)
    old = [name for name in listed.stdout.split() if f".{mark}" in name]
    if old:
        subprocess.run(["arm-none-eabi-ar", "d", library, *old], check=False)


def _set_options(config: Path, chosen: dict[str, str]) -> None:
    said = tuple(text for name in chosen for text in (f"{name}=", f"# {name} is not set"))
    kept = [line for line in config.read_text().splitlines() if not line.startswith(said)]
    config.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in chosen.items()), ""]))


def _collect(place: Workspace, out: Path) -> dict[str, str]:
    wanted = {
        "elf": ("nuttx", "firmware.elf"),
        "map": ("nuttx.map", "firmware.map"),
        "spk": ("nuttx.spk", "nuttx.spk"),
    }
    for source, name in wanted.values():
        found = next(
            (p for p in (place.nuttx / source, place.nuttx.parent / "sdk" / source) if p.is_file()), None
        )
        if found is None:
            raise CompileError(
                f"the build of NuttX left no {source}", f"the whole output is in {place.log}", ""
            )
        shutil.copyfile(found, out / name)
    return {name: target for name, (_, target) in wanted.items()}
