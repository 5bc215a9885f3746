"""Everything that the link and the bench must show, in full: `make test-long-link`.

Under an hour on two cores. Items that have passed with these very sources are not run again, so that
an interrupted run goes on where it stopped; EMGDEPLOY_LINK_AGAIN=1 runs all of them.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support import bench_items, link_items, wire_device
from support.bench_items import Builds
from support.link_items import Rig

pytestmark = pytest.mark.long

_ROOT = Path(__file__).parents[2]
_DONE = _ROOT / "build" / "long" / "link"
_AGAIN = os.environ.get("EMGDEPLOY_LINK_AGAIN") == "1"
_LINK = ("firmware_templates/runtime/app", "firmware_templates/platforms", "toolchain/emgdeploy/link",
         "tests/support/link_items.py", "tests/support/scenario.py", "tests/support/wire_device.py",
         "tests/link/c")  # fmt: skip
_BENCH = (*_LINK, "toolchain/emgdeploy/bench", "tests/support/bench_items.py")


def _fingerprint(sources: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for name in sources:
        place = _ROOT / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in (".py", ".c", ".h", ".j2", ".toml"):
                digest.update(str(path.relative_to(_ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def _once(name: str, sources_of: tuple[str, ...], run: Callable[[], str]) -> None:
    """Run an item unless it has passed with these sources; print its figures either way."""
    record = _DONE / f"{name.replace(' ', '-').replace('/', '-')}.json"
    sources = _fingerprint(sources_of)
    if record.exists() and not _AGAIN:
        done = json.loads(record.read_text())
        if done["sources"] == sources:
            print(f"\n{name}: {done['figures']} [{done['when']}, {done['seconds']:.0f} s]")
            return
    begun = time.monotonic()
    figures = run()
    seconds = time.monotonic() - begun
    when = datetime.datetime.now().isoformat(timespec="seconds")
    print(f"\n{name}: {figures} [{when}, {seconds:.0f} s]")
    _DONE.mkdir(parents=True, exist_ok=True)
    record.write_text(
        json.dumps({"sources": sources, "figures": figures, "when": when, "seconds": seconds}, indent=1)
    )


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    folder = tmp_path_factory.mktemp("rig")
    for name in ("sanitized", "quick", "special"):
        (folder / name).mkdir()
    return Rig(
        wire_device.build(folder / "sanitized"),
        wire_device.build(folder / "quick", flags=("-O2",)),
        folder / "special",
    )


@pytest.mark.parametrize(
    ("name", "item", "count"), [(name, item, full) for name, item, full, _ in link_items.ITEMS],
    ids=[name for name, *_ in link_items.ITEMS],
)  # fmt: skip
def test_link(name: str, item: link_items.Item, count: int, rig: Rig) -> None:
    _once(name, _LINK, lambda: item(rig, count))


@pytest.mark.parametrize(
    ("name", "item", "count"), [(name, item, full) for name, item, full, _ in bench_items.ITEMS],
    ids=[name for name, *_ in bench_items.ITEMS],
)  # fmt: skip
def test_bench(
    name: str, item: bench_items.Item, count: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    shared = request.getfixturevalue("shared") if item is bench_items.large_windows else None
    _once(name, _BENCH, lambda: item(Builds(tmp_path, shared), count))
