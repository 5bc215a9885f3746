"""What the bench must show of real builds on bad lines, and of firmware that lies."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emgdeploy import bench, emulate
from emgdeploy.bench import BenchOptions, BenchResult, tally, workload
from emgdeploy.bench.workload import Workload
from emgdeploy.boards import load_board
from emgdeploy.errors import LinkError
from emgdeploy.firmware import manifest as manifests
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.proxy import FaultPlan, FaultyPort
from support.devices.wire_device import Device
from support.inputs.sealing import seal
from support.models.tiny import tiny_tflite

_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Builds:
    """Makes builds below `folder`; shared: the published models, or None."""

    folder: Path
    shared: Path | None = None

    def tiny(
        self, name: str, board: str = "native", seed: int = 0, changes: tuple[tuple[str, str, str], ...] = ()
    ) -> Path:
        """A build of the tiny model. changes: (template, text, replacement) for firmware that lies."""
        model = self.folder / f"tiny-{seed}.tflite"
        model.write_bytes(tiny_tflite(seed=seed))
        return self.build(name, board, model, changes)

    def build(
        self, name: str, board: str, model: Path, changes: tuple[tuple[str, str, str], ...] = ()
    ) -> Path:
        """`emgdeploy build`, from a checkout of its own when its templates are to be changed."""
        out = self.folder / name
        root = self._changed_checkout(name, changes) if changes else _ROOT
        command = [
            sys.executable,
            "-m",
            "emgdeploy",
            "build",
            "--board",
            board,
            "--model",
            model,
            "--out",
            out,
        ]
        env = {**os.environ, "PYTHONPATH": str(root / "toolchain")}
        done = subprocess.run(
            list(map(str, command)), env=env, cwd=self.folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return out

    def _changed_checkout(self, name: str, changes: tuple[tuple[str, str, str], ...]) -> Path:
        root = self.folder / f"checkout-{name}"
        for part in ("toolchain", "firmware_templates", "boards", "models"):
            shutil.copytree(_ROOT / part, root / part)  # with what Python has compiled of it
        for file, text, replacement in changes:
            path = root / "firmware_templates" / file
            before = path.read_text()
            assert before.count(text) == 1, f"{file} has {before.count(text)} times {text!r}"
            path.write_text(before.replace(text, replacement))
        return root


def disguise(liar: Path, honest: Path) -> None:
    """Give a lying firmware the honest one's build ID, and put it into the honest build."""
    theirs, ours = manifests.load(liar), manifests.load(honest)
    image = theirs.artifact(liar, "elf").read_bytes()
    assert image.count(theirs.firmware_build_id.encode()) >= 1
    image = image.replace(theirs.firmware_build_id.encode(), ours.firmware_build_id.encode())
    (honest / ours.artifacts["elf"]).write_bytes(image)
    seal(honest)


def random_work(folder: Path, count: int, seed: int = 0) -> tuple[Manifest, Workload]:
    """The build's manifest, and random windows with the reference's answers."""
    # These tests put lying firmware into the folder while they hold the manifest.
    manifest = dataclasses.replace(manifests.load(folder), hashes=None)
    dtype = np.dtype(manifest.input.dtype)
    limits = np.iinfo(dtype)
    shape = (count, *manifest.input.shape)
    x = np.random.default_rng(seed).integers(limits.min, limits.max + 1, shape).astype(dtype)
    path = folder / f"random-{count}-{seed}.npz"
    np.savez(path, x=x)
    return manifest, workload.from_file(path, folder, manifest)


def run_native(
    folder: Path, manifest: Manifest, work: Workload, plan: FaultPlan | None = None, **link: Any
) -> tuple[BenchResult, FaultyPort]:
    """Bench a native build behind a bad cable."""
    with Device(manifest.artifact(folder, "elf")) as device:
        port = FaultyPort(device.port, plan or FaultPlan(), device.waiting, device.speed, device.reset)
        return bench.run(folder, manifest, port, work, BenchOptions(link=LinkOptions(**link))), port


def unplugged(builds: Builds, count: int) -> str:
    """10. Unplug at random offsets: ends within 2 s, JSON valid and incomplete, resumable."""
    folder = builds.tiny("unplugged")
    manifest, work = random_work(folder, 300)
    draw = random.Random(10)
    slowest = 0.0
    before_answer = resumed = 0
    for _ in range(count):
        tally.forget(folder)
        (folder / "bench.json").unlink(missing_ok=True)
        with Device(manifest.artifact(folder, "elf")) as device:
            port = FaultyPort(device.port, FaultPlan(unplug_after=draw.randint(1, 30_000)))
            try:
                failure: LinkError | None = None
                result = bench.run(folder, manifest, port, work)
            except LinkError as error:
                failure = error
            ended = time.monotonic()
        assert port.unplugged_at is not None
        slowest = max(slowest, ended - port.unplugged_at)
        if failure is not None:  # in the middle of the handshake: there is nothing to write down
            assert failure.exit_code == 6 and not (folder / "bench.json").exists()
            before_answer += 1
            continue
        found = json.loads((folder / "bench.json").read_text())
        assert result.exit_code == 6 and found["complete"] is False
        assert found["windows"] == found["correct_bits"] + found["wrong_bits"] + found["unanswered"] == 300
        assert found["wrong_bits"] == 0 and found["unanswered"] > 0
        done, _ = run_native(folder, manifest, work)
        whole = json.loads((folder / "bench.json").read_text())
        assert done.exit_code == 0 and whole["complete"] and whole["correct_bits"] == 300
        resumed += found["answered"] > 0
    assert slowest < 2.0, f"{slowest:.2f} s"
    return (
        f"{count} unpluggings, {before_answer} in the handshake, the others left an incomplete bench.json, "
        f"{resumed} of them with answers, and were resumed to 300 of 300; slowest end after {slowest:.3f} s"
    )


def large_windows(builds: Builds, count: int) -> str:
    """16. VWW's 27,648-byte windows through the 256-byte buffer at p = 1e-3."""
    assert builds.shared is not None
    folder = builds.build("vww", "native", builds.shared / "models" / "mlperf_tiny" / "vww_96_int8.tflite")
    manifest, work = random_work(folder, count)
    plan = FaultPlan(baud=115200, replace=1e-3, ring=256, seed=16)
    result, port = run_native(folder, manifest, work, plan)
    found = result.verdict
    assert result.exit_code == 0 and found["correct_bits"] == count, found
    return (
        f"{count} of {count} windows of {len(work.window(0))} bytes right in {found['seconds']:.0f} s at 115,200 baud, "
        f"{found['retried']} chunks sent again, {found['frames_rejected']} frames rejected, {port.dropped} bytes dropped"
    )


_FLIP = (
    "runtime/app/session.c",
    "    session->inferences++;\n",
    "    if (++session->inferences == {at}u) {{\n        session->outputs[slot * session->output_bytes] ^= 4;\n    }}\n",
)
# The answer to window `at` waits for that to the next one, and the two are exchanged.
_SWAP = (
    "runtime/app/session.c",
    "    kept->valid = 1;\n    session->inferences++;\n    send_result(session, kept);\n",
    """    session->inferences++;
    if (session->inferences == {at}u) {{
        return;
    }}
    kept->valid = 1;
    if (session->inferences == {at}u + 1u) {{
        emg_answer_t *const before = &session->answers[slot_of(session, (uint16_t)(kept->sequence - 1u))];
        uint8_t *const a = session->outputs + slot * session->output_bytes;
        uint8_t *const b = session->outputs + slot_of(session, before->sequence) * session->output_bytes;
        const uint32_t crc = before->input_crc;
        uint32_t i;
        for (i = 0; i < session->output_bytes; i++) {{
            const uint8_t byte = a[i];
            a[i] = b[i];
            b[i] = byte;
        }}
        before->input_crc = kept->input_crc;
        kept->input_crc = crc;
        before->valid = 1;
        send_result(session, before);
    }}
    send_result(session, kept);
""",
)
_STEAL = (
    "runtime/app/session.c",
    "    session->inferences++;\n",
    """    if (++session->inferences == {at}u) {{
        const uint32_t other = slot_of(session, (uint16_t)(kept->sequence - 1u));
        memcpy(session->outputs + slot * session->output_bytes, session->outputs + other * session->output_bytes,
               session->output_bytes);
        kept->input_crc = session->answers[other].input_crc;
    }}
""",
)


def mutants(builds: Builds, count: int) -> str:
    """15. Firmware that flips a bit, swaps two replies, answers for another window, is 5% slower."""
    at = 2 * count // 3  # counted from 1
    honest = builds.tiny("honest")
    manifest, work = random_work(honest, count)
    right, _ = run_native(honest, manifest, work)
    assert right.exit_code == 0
    image = manifest.artifact(honest, "elf").read_bytes()
    caught: list[str] = []
    for name, change, wrong, owners in (
        ("flips a bit", _FLIP, [at - 1], []),
        ("swaps two replies", _SWAP, [at - 1, at], [(at - 1, at), (at, at - 1)]),
        ("answers for another window", _STEAL, [at - 1], [(at - 1, at - 2)]),
    ):
        file, text, replacement = change
        liar = builds.tiny(f"liar-{len(caught)}", changes=((file, text, replacement.format(at=at)),))
        disguise(liar, honest)
        result, _ = run_native(honest, manifest, work)
        manifest.artifact(honest, "elf").write_bytes(image)
        found = result.verdict
        assert result.exit_code == 1 and found["wrong_windows"] == wrong, found["wrong_windows"]
        assert [(item["window"], item["answered_for"]) for item in found["misattributed"]] == owners
        caught.append(f"'{name}' in windows {wrong} of {count}")
    return "; ".join([*caught, slow_mutant(builds)])


_SLOWER = (
    "runtime/app/emg_app.c",
    "    emg_model_invoke(g_input, g_outputs[slot]);\n",
    """    emg_model_invoke(g_input, g_outputs[slot]);
    {
        uint32_t turns = (emg_platform_ticks() - begin) / 20u / 3u; /* a turn takes three instructions */
        while (turns > 0u) {
            turns--;
            __asm volatile("" ::: "memory");
        }
    }
""",
)


def slow_mutant(builds: Builds) -> str:
    """The same answers, 5% later, on the emulated board."""
    honest = builds.tiny("honest-emulated", "qemu-mps2-an386")
    liar = builds.tiny("liar-emulated", "qemu-mps2-an386", changes=(_SLOWER,))
    right = _run_emulated(honest)
    assert right.exit_code == 0, right.problem
    if right.verdict["timing"]["expected"] is None:
        # Without the profiler's figure the honest firmware's own is what the other is held to.
        manifest = manifests.load(honest)
        measured = right.verdict["timing"]["measured"]
        manifests.save(dataclasses.replace(manifest, expected_instructions=measured), honest)
    disguise(liar, honest)
    result = _run_emulated(honest)
    timing = result.verdict["timing"]
    assert result.exit_code == 1 and result.verdict["wrong_bits"] == 0, timing
    assert "instructions" in result.problem.message if result.problem else False
    return f"'5% slower' at {timing['ratio']:.4f} of the expected time (the honest one: {_ratio(right)})"


def _ratio(result: BenchResult) -> str:
    ratio = result.verdict["timing"]["ratio"]
    return "not profiled" if ratio is None else f"{ratio:.4f}"


def _run_emulated(folder: Path) -> BenchResult:
    manifest = manifests.load(folder)
    work = workload.from_build(folder, manifest).spread(20)
    with emulate.start(manifest, folder, load_board(manifest.board)) as running:
        return bench.run(folder, manifest, running.port, work, BenchOptions(one_at_a_time=True))


Item = Callable[[Builds, int], str]

# Name, what it runs, how many at full scale and in the quick suite.
ITEMS: tuple[tuple[str, Item, int, int], ...] = (
    ("10 unplugged", unplugged, 100, 6),
    ("15 firmware mutants", mutants, 10_000, 100),
    ("16 large windows", large_windows, 20, 1),
)
