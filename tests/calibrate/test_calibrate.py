"""Another day: placement and head from a few windows, into the folder, onto the device, and back."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emgdeploy import emulate
from emgdeploy.bench import workload
from emgdeploy.boards import load_board
from emgdeploy.calibrate import prior, solve
from emgdeploy.calibrate.head import Head
from emgdeploy.cli import entry
from emgdeploy.cli.calibrate import check_worth
from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.deploy.workload import Material
from emgdeploy.errors import DeviceMismatchError, GateFailed, InputError, UsageError
from emgdeploy.firmware import calibrations, integrity, manifest
from emgdeploy.flash import identity
from emgdeploy.graph import read_tflite
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.faults import RequestRefused, Unplugged
from emgdeploy.link.options import EMULATED
from emgdeploy.link.port import Port
from emgdeploy.nets.discriminant import Discriminant
from emgdeploy.nets.levels import Levels
from emgdeploy.signals.images import labelled_windows
from emgdeploy.signals.placement import Turn
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Dataset, Recording
from emgdeploy.signals.windowfile import Windows
from support.models.tiny import INPUT_SHAPE, tiny_tflite

LABELS = ("a", "b", "c")
# Four frames of six electrodes in a row: the windows (4, 6, 1) that the tiny model takes.
HOW = Preprocess(1000.0, (6, 1), tuple(range(6)), 40.0, 20.0, frames=4, log_epsilon=0.05, normalise="global")


def recording(seed: int, seconds: float = 1.5) -> Recording:
    """Three gestures, each with a pattern of its own over the electrodes."""
    draw = np.random.default_rng(seed)
    strength = np.array([[4, 1, 0.2, 0.1, 0.1, 0.3], [0.1, 0.3, 3, 1, 0.1, 0.2], [0.2, 0.1, 0.1, 0.5, 4, 2]])
    labels = np.repeat(np.arange(3), round(1000 * seconds / 3))
    samples = strength[labels] * draw.normal(size=(len(labels), 6))
    return Recording(samples.astype(np.float32), labels, 1, seed, seed)


def reading(folder: Path | None) -> Dataset:
    """A reader of one's own: a session whose array is turned by as many rows as the folder's name says."""
    turned = np.argsort(Turn(rows=int(folder.name) if folder else 0).places((6, 1)).ravel())
    one = recording(7)
    return Dataset(
        "made", (replace(one, samples=one.samples[:, turned]),), LABELS, 1000.0, (6, 1), tuple(range(6))
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A native build with an adaptable head, which knows its session 1."""
    home = tmp_path_factory.mktemp("adaptable")
    images = labelled_windows([recording(1, 6)], HOW)
    how = HOW.fit(images.features)
    known = Windows(how.normalised(images.features), images.y, LABELS)
    (home / "tiny.tflite").write_bytes(tiny_tflite())
    given = Material(
        learned=known, windows=known.take(slice(0, 300, 10)), labels=LABELS, preprocess=how.to_dict()
    )
    out = home / "native"
    build(
        BuildRequest(load_board("native"), home / "tiny.tflite", out, given=given, adapt="head", latest=False)
    )
    found = prior.Prior.load(out / prior.FILE, how)
    levels = Levels.of(images.features, images.y, 3, how)
    replace(found, levels=levels).save(out / prior.FILE)
    loaded = manifest.load(out)  # the file was given what a checkpoint would have brought
    hashes = (loaded.hashes or {}) | {prior.FILE: integrity.of_folder(out)[prior.FILE]}
    manifest.save(replace(loaded, hashes=hashes), out)
    return out


def windows_of(folder: Path) -> NDArray[Any]:
    return workload.from_build(folder, manifest.load(folder)).x


def ends(folder: Path) -> tuple[float, int]:
    own = manifest.load(folder).input
    return own.scale, own.zero_point


def drawn_head(seed: int) -> Discriminant:
    draw = np.random.default_rng(seed)
    return Discriminant(draw.normal(size=(3, 48)), draw.normal(size=3))


def test_what_a_firmware_takes_is_what_generated_c_would_hold() -> None:
    """Also of a model that was patched: parameters are the arrays of the C that is generated for it."""
    head = Head(tiny_tflite())
    x = np.random.default_rng(1).integers(-128, 128, (8, *INPUT_SHAPE), dtype=np.int8)
    other = head.replaced(drawn_head(1), head.features(x, 0.02, -3))
    for one in (head, other):
        options = CodegenOptions((x[0], one.answers(x[:1], 0.02, -3)[0]), adapt_head=True)
        model = generate(read_tflite(one.tflite), options)
        assert model.parameters == one.parameters()
    assert len(head.parameters()) == len(other.parameters()) and head.parameters() != other.parameters()


def test_a_replaced_head_answers_as_its_float_form_does() -> None:
    head = Head(tiny_tflite())
    assert not head.sees_the_input
    x = np.random.default_rng(2).integers(-128, 128, (60, *INPUT_SHAPE), dtype=np.int8)
    features = head.features(x, 0.02, -3)
    wanted = drawn_head(2)
    found = head.replaced(wanted, features).answers(x, 0.02, -3)
    logits = wanted.logits(features)
    sure = np.sort(logits, axis=1)[:, -1] - np.sort(logits, axis=1)[:, -2] > 0.02 * np.abs(logits).max()
    assert sure.sum() > 20
    assert (found.argmax(axis=1) == logits.argmax(axis=1))[sure].all()


def calibrated(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> dict[str, Any]:
    argv = [
        "calibrate",
        "--build",
        str(folder),
        "--dataset",
        f"{__name__}:reading",
        "--data",
        str(tmp_path / "2"),
    ]
    assert entry.run([*argv, *more, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_turned_session_is_calibrated_and_the_device_answers_by_it(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = calibrated(made, tmp_path, capsys)
    note = calibrations.read(made, done["id"])
    assert note["placement"] == "rows=2" and note["expected_accuracy"] > 0.9 > note["accuracy_before"]
    built, parameters = (
        manifest.load(made),
        (calibrations.place(made, done["id"]) / "params.bin").read_bytes(),
    )
    changed = calibrations.in_use(made, built, done["id"])
    assert changed.preprocess is not None and changed.preprocess["electrodes"] == [4, 5, 0, 1, 2, 3]
    work = {name: workload.from_build(made, one) for name, one in (("0", built), (done["id"], changed))}
    with emulate.start(built, made, load_board("native")) as running:
        client = DeviceClient(running.port, EMULATED)

        def use(name: str) -> None:
            """Every answer is that of the set that the device reports."""
            assert client.connect().parameters == name
            assert not [
                i
                for i in range(len(work[name]))
                if client.infer(work[name].window(i)).output != work[name].answer(i)
            ]

        use("0")
        for _ in range(2):  # said twice, it is done once
            state = client.write_parameters(done["id"], parameters)
            assert (state.active, state.before, state.size) == (done["id"], "0", len(parameters))
            assert state.writes == 1
            use(done["id"])
        with pytest.raises(DeviceMismatchError, match="parameter set"):
            identity.check(client.connect(), built)
        identity.check(client.connect(), changed)
        assert client.roll_back_parameters("f" * 64).active == done["id"]
        assert client.roll_back_parameters(done["id"]).active == "0"
        use("0")


def test_less_than_is_asked_ends_with_1_and_writes_nothing(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(made.rglob("*"))
    argv = [
        "calibrate",
        "--build",
        str(made),
        "--dataset",
        f"{__name__}:reading",
        "--data",
        str(tmp_path / "3"),
    ]
    assert entry.run([*argv, "--min-accuracy", "1.1"]) == 1
    assert "nothing was written" in capsys.readouterr().err
    assert sorted(made.rglob("*")) == before


def test_worse_than_before_is_said() -> None:
    with pytest.raises(GateFailed, match=r"less than the 95\.00% as it is") as caught:
        check_worth(None, 0.94, 0.95)
    assert caught.value.exit_code == 1
    check_worth(0.95, 0.95, 0.95)


def test_what_was_reached_before_is_of_the_windows_as_they_were(made: Path) -> None:
    head, own = Head(tiny_tflite()), prior.Prior.load(made / prior.FILE, HOW)
    x = np.random.default_rng(1).integers(-128, 128, (90, *INPUT_SHAPE), dtype=np.int8)
    y = head.answers(x, *ends(made)).argmax(axis=1).astype(np.int64)
    kept = np.bincount(y, minlength=3)[y] >= solve.LEAST_WINDOWS
    found = solve.solve(head, own, (x[kept], np.roll(x, 1, axis=0)[kept]), y[kept], ends(made))
    assert found.before.accuracy == 1.0 > found.expected.accuracy


class Cut:
    """A port that is unplugged after so many bytes."""

    def __init__(self, port: Port, after: int) -> None:
        self._port, self._left = port, after
        self.name = port.name

    @property
    def baud(self) -> int:
        return self._port.baud

    def set_baud(self, baud: int) -> bool:
        return self._port.set_baud(baud)

    def write(self, data: bytes) -> None:
        self._port.write(data[: self._left])
        self._left -= len(data)
        if self._left <= 0:
            raise Unplugged(self.name)

    def read(self, timeout: float) -> bytes:
        return self._port.read(timeout)

    def close(self) -> None:
        """The port stays the test's."""


@pytest.mark.parametrize("board", ["native", "qemu-mps2-an386"])
def test_a_cable_that_is_pulled_leaves_one_set_or_the_other(board: str, tmp_path: Path) -> None:
    """At any byte; and what is reported is what answers, bit for bit."""
    draw = np.random.default_rng(3)
    x = draw.integers(-128, 128, (60, *INPUT_SHAPE), dtype=np.int8)
    model = Head(tiny_tflite())
    (tmp_path / "tiny.tflite").write_bytes(model.tflite)
    learned = Windows(draw.normal(size=(60, *INPUT_SHAPE)).astype(np.float32), np.arange(60) % 3)
    given = Material(learned=learned)
    out = tmp_path / "out"
    built = build(
        BuildRequest(
            load_board(board), tmp_path / "tiny.tflite", out, given=given, adapt="head", latest=False
        )
    )
    heads = [model.replaced(drawn_head(seed), model.features(x, 0.02, -3)) for seed in range(2)]
    sets = {calibrations.identity_of(head.parameters()): head for head in heads}
    answers = {name: head.answers(x, 0.02, -3) for name, head in {"0": model, **sets}.items()}
    seen = set()
    with emulate.start(built, out, load_board(board)) as running:
        for number, after in enumerate(range(20, 1500, 61 if board == "native" else 170)):
            name = list(sets)[number % 2]
            with suppress(Unplugged):
                client = DeviceClient(Cut(running.port, after), replace(EMULATED, encoding="text"))
                client.write_parameters(name, sets[name].parameters())
            client = DeviceClient(running.port, EMULATED)
            used = client.connect().parameters
            seen.add((used, used == name))
            assert used in answers and client.parameters().active == used
            for i in (number, number + 20):
                assert client.infer(x[i].tobytes()).output == answers[used][i].tobytes()
    assert {name for name, _ in seen} >= set(sets) and any(not new for _, new in seen)


def test_sets_are_listed_and_damage_is_found(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = calibrated(made, tmp_path, capsys)
    assert entry.run(["calibrate", "--build", str(made), "--list", "--json"]) == 0
    assert done["id"] in [one["id"] for one in json.loads(capsys.readouterr().out)["sets"]]
    place = calibrations.place(made, done["id"])
    for name in ("params.bin", "golden.npz", "model.int8.tflite"):
        whole = (place / name).read_bytes()
        (place / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(InputError, match="changed since"):
            calibrations.read(made, done["id"])
        (place / name).write_bytes(whole)
    assert calibrations.read(made, done["id"])["id"] == done["id"]


@pytest.mark.parametrize("name", ["e" * 64, "../../..", "E" * 64, "\x1b[31m"])
def test_an_unknown_set_is_another_device(made: Path, name: str) -> None:
    with pytest.raises(DeviceMismatchError, match="does not have") as caught:
        calibrations.in_use(made, manifest.load(made), name)
    assert caught.value.exit_code == 7 and "\x1b" not in caught.value.message


def test_a_firmware_without_parameters_says_so(build_copy: Path) -> None:
    loaded = manifest.load(build_copy)
    assert loaded.adapt.what == "none"
    with emulate.start(loaded, build_copy, load_board("native")) as running:
        client = DeviceClient(running.port, EMULATED)
        assert client.connect().parameters == "0"
        with pytest.raises(RequestRefused):
            client.parameters()


def test_a_build_without_labelled_windows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite())
    request = BuildRequest(load_board("native"), tmp_path / "tiny.tflite", tmp_path / "out", adapt="head")
    with pytest.raises(UsageError, match="needs labelled windows"):
        build(request)
    assert not (tmp_path / "out").exists()


def test_too_few_windows_of_a_gesture_are_refused(made: Path) -> None:
    head, own = Head(tiny_tflite()), prior.Prior.load(made / prior.FILE, HOW)
    x = windows_of(made)[:20]
    with pytest.raises(InputError, match="each gesture needs 8"):
        solve.solve(head, own, (x, x), np.arange(20) % 3, ends(made))
