"""Items of a long target: one that has passed with these very sources is not run again."""

from __future__ import annotations

import datetime
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from support.long_runs import fingerprint

_ROOT = Path(__file__).parents[3]
_AGAIN = os.environ.get("EMGDEPLOY_LINK_AGAIN") == "1"

LINK = (
    "firmware_templates",
    "boards",
    "toolchain/emgdeploy/codegen",
    "toolchain/emgdeploy/firmware",
    "toolchain/emgdeploy/link",
    "tests/support/devices/link_items.py",
    "tests/support/devices/scenario.py",
    "tests/support/devices/throughput.py",
    "tests/support/devices/wire_device.py",
    "tests/support/devices/wire_reference.py",
    "tests/link/c",
)
BENCH = (
    *LINK,
    "toolchain/emgdeploy/bench",
    "toolchain/emgdeploy/cli/bench.py",
    "tests/support/devices/bench_items.py",
)


def once(name: str, depends_on: tuple[str, ...], run: Callable[[], str]) -> None:
    """Run an item unless it has passed with the sources it depends on; print its figures either way.

    EMGDEPLOY_LINK_AGAIN=1 runs it in any case. What passed is kept in build/long/link.
    """
    record = _ROOT / "build" / "long" / "link" / f"{name.replace(' ', '-').replace('/', '-')}.json"
    sources = fingerprint.of(depends_on)
    if record.exists() and not _AGAIN:
        done = json.loads(record.read_text())
        if done["sources"] == sources:
            _show(name, done)
            return
    begun = time.monotonic()
    figures = run()
    when = datetime.datetime.now().isoformat(timespec="seconds")
    done = {"sources": sources, "figures": figures, "when": when, "seconds": time.monotonic() - begun}
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(done, indent=1))
    _show(name, done)


def _show(name: str, done: dict[str, str | float]) -> None:
    print(f"\n{name}: {done['figures']} [{done['when']}, {done['seconds']:.0f} s]", flush=True)
