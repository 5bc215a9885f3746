"""`emgdeploy bench` and `emgdeploy ports` as a user meets them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from emgdeploy.firmware import manifest as manifests
from emgdeploy.link.proxy import FaultPlan
from support.commands.command import Cli, heeding_signals
from support.devices.bench_items import random_work
from support.devices.relay import Relay
from support.devices.wire_device import Device

pytestmark = pytest.mark.timing


def test_verdict_is_the_last_line_and_json_the_only_output(cli: Cli, build_copy: Path) -> None:
    done = cli("bench", "--build", build_copy)
    done.succeeds()
    assert done.out.splitlines()[-1] == "200 of 200 windows bit-exact on native (0 wrong, 0 unanswered)"
    done = cli("bench", "--build", build_copy, "--limit", "3", "--json")
    done.succeeds()
    assert json.loads(done.out)["windows"] == 3


def test_no_heavy_package_is_imported(build_copy: Path) -> None:
    program = (
        "import sys; from emgdeploy.cli import main; "
        f"status = main(['bench', '--build', {str(build_copy)!r}, '--limit', '2']); "
        "heavy = {'torch', 'tensorflow', 'onnx', 'onnxruntime', 'ai_edge_litert', 'scipy', 'h5py'}; "
        "print(sorted(heavy & set(sys.modules))); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_over_a_socket(cli: Cli, build_copy: Path) -> None:
    manifest = manifests.load(build_copy)
    with (
        Device(manifest.artifact(build_copy, "elf")) as device,
        socket.create_server(("localhost", 0)) as server,
    ):
        stop = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.setblocking(False)
                while not stop.is_set():
                    back = device.port.read(0.001)
                    if back:
                        connection.sendall(back)
                    try:
                        data = connection.recv(4096)
                    except BlockingIOError:
                        continue
                    if not data:
                        return
                    device.port.write(data)

        thread = threading.Thread(target=serve)
        thread.start()
        done = cli(
            "bench",
            "--build",
            build_copy,
            "--port",
            f"socket://localhost:{server.getsockname()[1]}",
            "--limit",
            "50",
        )
        stop.set()
        thread.join()
    done.succeeds()


def test_ctrl_c_leaves_a_sound_file_and_the_next_run_goes_on(cli: Cli, build_copy: Path) -> None:
    manifest, _ = random_work(build_copy, 1500)
    windows = build_copy / "random-1500-0.npz"
    with (
        Device(manifest.artifact(build_copy, "elf")) as device,
        Relay(device, FaultPlan(baud=115200)) as relay,
    ):
        command = [
            sys.executable,
            "-m",
            "emgdeploy",
            "bench",
            "--build",
            build_copy,
            "--windows",
            windows,
            "--port",
            relay.path,
        ]
        process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        # The first file is written before the first window; give it time for some.
        give_up = time.monotonic() + 20
        while not (build_copy / "bench.json").exists() and time.monotonic() < give_up:
            time.sleep(0.02)
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert process.returncode == 130, err
    assert err.splitlines()[-2].startswith("error: ") and err.splitlines()[-1].startswith("try: ")
    found = json.loads((build_copy / "bench.json").read_text())
    assert found["complete"] is False and 0 < found["answered"] < 1500
    assert found["windows"] == found["correct_bits"] + found["wrong_bits"] + found["unanswered"] == 1500
    assert not [path for path in build_copy.iterdir() if path.name.startswith(".")]
    again = cli("bench", "--build", build_copy, "--windows", windows)
    again.succeeds()
    found = json.loads((build_copy / "bench.json").read_text())
    assert found["complete"] is True and found["correct_bits"] == 1500


def test_unplugged_and_back_under_another_name(cli: Cli, build_copy: Path) -> None:
    random_work(build_copy, 1500)
    windows = build_copy / "random-1500-0.npz"
    command = ("bench", "--build", build_copy, "--windows", windows, "--port")
    moments: list[float] = []
    with Device(manifests.load(build_copy).artifact(build_copy, "elf")) as device:
        with Relay(device, FaultPlan(baud=115200)) as relay:
            # As long as somebody has it open, nobody else gets a pty of this name.
            held = os.open(relay.path, os.O_RDWR | os.O_NOCTTY)

            def unplug() -> None:
                while not (build_copy / "bench.json").exists():
                    time.sleep(0.02)
                time.sleep(0.5)
                relay.unplug()
                moments.append(time.monotonic())

            thread = threading.Thread(target=unplug)
            thread.start()
            done = cli(*command, relay.path)
            ended = time.monotonic()
            thread.join()
        done.fails(6, f"the connection on {relay.path} broke off", "of 1500 windows had been answered")
        assert ended - moments[0] < 2.0
        found = json.loads((build_copy / "bench.json").read_text())
        assert found["complete"] is False and found["answered"] > 0
        with Relay(device, FaultPlan()) as other:
            assert other.path != relay.path
            cli(*command, other.path).succeeds()
        os.close(held)
    found = json.loads((build_copy / "bench.json").read_text())
    assert found["complete"] and found["correct_bits"] == 1500 and found["port"] == other.path


def test_a_line_that_turns_hopeless_ends_with_what_was_achieved(cli: Cli, build_copy: Path) -> None:
    manifest, _ = random_work(build_copy, 1500)
    windows = build_copy / "random-1500-0.npz"
    plan = FaultPlan(baud=115200, replace=0.3, begin_after=6000)
    with Device(manifest.artifact(build_copy, "elf")) as device, Relay(device, plan) as relay:
        command = ("bench", "--build", build_copy, "--windows", windows, "--port", relay.path)
        begun = time.monotonic()
        done = cli(*command, "--patience", "2")
        assert time.monotonic() - begun < 30
    done.fails(6, "link too noisy: nothing got through for 2 s", "of 1500 windows had been answered")
    found = json.loads((build_copy / "bench.json").read_text())
    assert found["complete"] is False and found["wrong_bits"] == 0 < found["answered"] < 1500
    assert found["windows"] == found["correct_bits"] + found["wrong_bits"] + found["unanswered"] == 1500


def test_a_full_disk_leaves_the_old_verdict_and_names_the_file(build_copy: Path) -> None:
    """As a limit on the size of files, which fails in the same place as a full disk."""
    (build_copy / "bench.json").write_text("{}")
    script = 'ulimit -f 1; exec "$0" -m emgdeploy bench --build "$1"'
    done = subprocess.run(
        ["bash", "-c", script, sys.executable, str(build_copy)], capture_output=True, text=True
    )
    assert done.returncode == 3 and "Traceback" not in done.stderr
    error, hint = done.stderr.splitlines()[-2:]
    assert "bench.json cannot be written" in error and "free some space" in hint
    assert (build_copy / "bench.json").read_text() == "{}"
    assert not [path for path in build_copy.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_terminated_is_as_good_as_interrupted(build_copy: Path, number: int, status: int) -> None:
    manifest, _ = random_work(build_copy, 1500)
    words = ["--windows", str(build_copy / "random-1500-0.npz"), "--port"]
    with (
        Device(manifest.artifact(build_copy, "elf")) as device,
        Relay(device, FaultPlan(baud=115200)) as relay,
    ):
        command = [sys.executable, "-m", "emgdeploy", "bench", "--build", str(build_copy), *words, relay.path]
        process = heeding_signals(command)
        while process.poll() is None and not (build_copy / "bench.json").exists():
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        _, err = process.communicate(timeout=10)
    assert process.returncode == status, err
    found = json.loads((build_copy / "bench.json").read_text())
    assert found["complete"] is False and found["windows"] == found["correct_bits"] + found["unanswered"]


def test_ports_tells_board_and_firmware(cli: Cli, build_copy: Path) -> None:
    manifest = manifests.load(build_copy)
    with Device(manifest.artifact(build_copy, "elf")) as device, Relay(device, FaultPlan()) as relay:
        done = cli("ports", "--port", relay.path, "--json")
    done.succeeds()
    (found,) = json.loads(done.out)
    assert (found["board"], found["firmware_build_id"]) == ("native", manifest.firmware_build_id)
    assert found["model_sha256"] == manifest.model_sha256


def test_ports_that_do_not_answer_say_why(cli: Cli) -> None:
    done = cli("ports", "--port", "/dev/ttyNobody7", "--json")
    done.succeeds()
    assert "no serial port" in json.loads(done.out)[0]["note"]


def test_ports_without_handshake_opens_nothing(cli: Cli) -> None:
    cli("ports", "--no-handshake").succeeds()
