"""What the link can do on this machine: echoes and windows per second, and how busy the line is.

.venv/bin/python benchmarks/link.py [--build DIR] [--seconds S]

Takes a build for the board `native` (without --build it makes one of the default model in
build/benchmarks/link). Figures: echo round trips of 192 bytes and windows per second over a bare
pseudo terminal, and how much of the time the line and the inference are busy when the line is paced to
115,200 baud. With pipelining the slower of the two is busy nearly always.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from emgdeploy import emulate
from emgdeploy.bench import workload
from emgdeploy.bench.workload import Workload
from emgdeploy.boards import load_board
from emgdeploy.firmware import manifest as manifests
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.proxy import FaultPlan, FaultyPort

ROOT = Path(__file__).resolve().parents[1]
ECHO = bytes(range(192))


def default_build() -> Path:
    """The default model as a process of this machine."""
    out = ROOT / "build" / "benchmarks" / "link"
    subprocess.run(
        [sys.executable, "-m", "emgdeploy", "build", "--board", "native", "--out", out], check=True
    )
    return out


def echoes_per_second(client: DeviceClient, seconds: float) -> float:
    """Round trips of ECHO, one after the other."""
    client.connect()
    begun = time.perf_counter()
    for done in count(1):
        if client.echo(ECHO) != ECHO:
            raise SystemExit("an echo came back changed")
        if (took := time.perf_counter() - begun) > seconds:
            return done / took
    raise AssertionError


def windows_per_second(client: DeviceClient, work: Workload, seconds: float) -> tuple[float, float]:
    """Windows answered, several under way, every answer compared; and the share of time spent inferring."""
    info = client.connect()
    begun = time.perf_counter()
    ticks = done = 0
    for answer in client.stream(_for(work, begun + seconds)):
        if answer.output != work.answer(answer.index % len(work)):
            raise SystemExit(f"window {answer.index % len(work)} was answered wrong")
        done += 1
        ticks += answer.ticks
    took = time.perf_counter() - begun
    return done / took, ticks / info.tick_hz / took


def _for(work: Workload, until: float) -> Iterator[tuple[int, bytes]]:
    for index in count():
        if time.perf_counter() > until:
            return
        yield index, work.window(index % len(work))


def main() -> None:
    """Print the figures and the machine's load, which they depend on."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--build", type=Path)
    parser.add_argument("--seconds", type=float, default=5.0)
    args = parser.parse_args()
    folder = args.build or default_build()
    manifest = manifests.load(folder)
    work = workload.from_build(folder, manifest)
    with emulate.start(manifest, folder, load_board(manifest.board)) as running:
        echoes = echoes_per_second(DeviceClient(running.port), args.seconds)
        windows, _ = windows_per_second(DeviceClient(running.port), work, args.seconds)
        line = FaultyPort(running.port, FaultPlan(baud=115200))
        client = DeviceClient(line)
        client.connect()
        busy, begun = line.to_device.busy_s, time.perf_counter()
        paced, inferring = windows_per_second(client, work, args.seconds)
        busy, took = line.to_device.busy_s - busy, time.perf_counter() - begun
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{echoes:,.0f} echo round trips of {len(ECHO)} bytes per second on a pty")
    print(f"{windows:,.0f} windows of {len(work.window(0))} bytes per second on a pty, inference included")
    print(
        f"{paced:,.1f} windows per second at 115,200 baud: the line busy {busy / took:.0%} of the time, "
        f"the inference {inferring:.0%}"
    )


if __name__ == "__main__":
    main()
