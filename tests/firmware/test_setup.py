"""Source trees that `emgdeploy setup` brings: checked to the last byte, whole or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from emgdeploy.errors import InputError, ToolMissingError
from emgdeploy.firmware.nuttx import fetching, kconfig, pinned
from emgdeploy.firmware.nuttx.objects import Store, object_name
from emgdeploy.firmware.nuttx.pinned import Repository
from emgdeploy.firmware.nuttx.tree import NUTTX

FILES = {
    "nuttx": {
        "tools/configure.sh": "#!/bin/sh\n",
        "sched/init.c": "int a;\n",
        "sched.c": "sorted before the folder\n",
        "arch/arm/src/cxd56xx/chip.c": "int b;\n",
        "Documentation/large.png": "left out\n",
    },
    "apps": {"Application.mk": "all:\n"},
}


def _git(folder: Path, *command: str) -> str:
    own = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", "-C", str(folder), *own, *command], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with small repositories in place of NuttX and its applications; the pins are theirs."""
    folder, pins = tmp_path / "mirror", []
    for name, files in FILES.items():
        for path, text in files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(text)
        (folder / name / "link").symlink_to("Makefile")
        (folder / name / next(iter(files))).chmod(0o755)
        _git(folder / name, "init", "--quiet")
        _git(folder / name, "add", ".")
        _git(folder / name, "commit", "--quiet", "-m", "one")
        pins.append(
            Repository(name, (folder / name).as_uri(), _git(folder / name, "rev-parse", "HEAD"), (name,))
        )
    monkeypatch.setitem(pinned._REPOSITORIES, NUTTX, tuple(pins))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def _fetch(origin: str | None) -> tuple[Path, list[str]]:
    warnings: list[str] = []
    return fetching.fetch(NUTTX, origin, lambda stage: None, warnings.append), warnings


def _leftovers() -> list[str]:
    place = pinned.home(NUTTX).parent
    return (
        [path.name for path in place.iterdir() if not path.name.endswith(".lock")] if place.is_dir() else []
    )


@pytest.mark.parametrize("how", ["folder", "address", "public"])
def test_the_tree_is_there_and_usable(mirror: Path, how: str) -> None:
    assert pinned.installed(NUTTX) is None
    folder, warnings = _fetch({"folder": str(mirror), "address": mirror.as_uri(), "public": None}[how])
    tree = pinned.installed(NUTTX)
    assert tree is not None and tree.parts == {"nuttx": folder / "nuttx", "apps": folder / "apps"}
    assert not warnings
    assert (folder / "nuttx" / "sched" / "init.c").read_text() == "int a;\n"
    assert (folder / "nuttx" / "tools" / "configure.sh").stat().st_mode & 0o111
    assert (folder / "nuttx" / "link").is_symlink()
    assert not (folder / "nuttx" / "Documentation").exists()


def test_what_is_there_is_kept(mirror: Path) -> None:
    folder, _ = _fetch(str(mirror))
    (folder / "nuttx" / "mark").touch()
    assert _fetch("/nowhere")[0] == folder and (folder / "nuttx" / "mark").exists()


def test_an_interrupted_one_is_made_again(mirror: Path) -> None:
    folder, _ = _fetch(str(mirror))
    (folder / pinned.DONE).unlink()
    (folder / "nuttx" / "sched" / "init.c").write_text("half")
    assert pinned.installed(NUTTX) is None
    _fetch(str(mirror))
    assert (folder / "nuttx" / "sched" / "init.c").read_text() == "int a;\n"


def test_a_commit_that_the_mirror_lacks(mirror: Path) -> None:
    _git(mirror / "apps", "commit", "--quiet", "--amend", "-m", "another")
    _git(mirror / "apps", "reflog", "expire", "--expire=now", "--all")
    _git(mirror / "apps", "gc", "--quiet", "--prune=now")
    with pytest.raises(InputError, match="cannot be read"):
        _fetch(str(mirror))
    with pytest.raises(ToolMissingError, match="apps cannot be fetched"):
        _fetch(mirror.as_uri())
    assert _leftovers() == []


def test_no_repository_below_the_folder(mirror: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no Git repository nuttx"):
        _fetch(str(tmp_path))
    assert _leftovers() == []


def _object(mirror: Path, revision: str) -> Path:
    name = _git(mirror / "nuttx", "rev-parse", revision)
    return mirror / "nuttx" / ".git" / "objects" / name[:2] / name[2:]


def _replace(mirror: Path, revision: str, other: str) -> None:
    """The object of `revision` gets the content of another one, as somebody who serves other code would do."""
    path = _object(mirror, revision)
    path.chmod(0o644)
    path.write_bytes(_object(mirror, other).read_bytes())


@pytest.mark.parametrize("revision", ["HEAD:sched/init.c", "HEAD:sched"])
def test_other_content_under_a_pinned_name_is_refused(mirror: Path, revision: str) -> None:
    other = {"HEAD:sched/init.c": "HEAD:sched.c", "HEAD:sched": "HEAD:tools"}[revision]
    _replace(mirror, revision, other)
    with pytest.raises(InputError):
        _fetch(str(mirror))
    assert _leftovers() == []


def test_a_file_that_the_mirror_lacks_is_named(mirror: Path) -> None:
    _object(mirror, "HEAD:sched/init.c").unlink()
    folder, warnings = _fetch(str(mirror))
    assert warnings == ["the mirror lacks 1 files of nuttx: sched/init.c"]
    assert not (folder / "nuttx" / "sched" / "init.c").exists()


def test_without_git(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissingError, match="git is not installed"):
        _fetch(str(mirror))


def test_names_are_those_that_git_gives(mirror: Path) -> None:
    commit = _git(mirror / "nuttx", "rev-parse", "HEAD")
    entries = {entry.path: entry for entry in Store(mirror / "nuttx" / ".git", "it").entries(commit)}
    assert set(entries) == {*FILES["nuttx"], "link"}
    assert entries["sched.c"].name == object_name("blob", b"sorted before the folder\n")
    assert entries["tools/configure.sh"].mode == "100755" and entries["link"].mode == "120000"


def test_a_path_that_leads_out_is_refused(mirror: Path, tmp_path: Path) -> None:
    from emgdeploy.firmware.nuttx.objects import Entry

    store = Store(mirror / "nuttx" / ".git", "it")
    name = _git(mirror / "nuttx", "rev-parse", "HEAD:sched.c")
    for path in ("../out.c", "/tmp/out.c", "a/../../out.c"):
        with pytest.raises(InputError, match="leads out"):
            store.write([Entry("100644", name, path)], tmp_path / "tree")


def test_kconfig_programs_of_our_own_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    assert not kconfig.available()
    program = pinned.cache() / "kconfiglib" / "bin" / "olddefconfig"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert kconfig.available()
    assert kconfig.variables()["PATH"].startswith(str(program.parent))
    assert kconfig.variables()["PYTHONPATH"].startswith(str(pinned.cache() / "kconfiglib"))
