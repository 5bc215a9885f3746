"""Decisions: the host's and the generated firmware's are one, for any outputs and any rules."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emgdeploy.errors import EmgDeployError, InputError, UsageError
from emgdeploy.resources import FIRMWARE_TEMPLATES
from emgdeploy.signals.decisions import Confidence, Decider, Decision, Resolved, Rules, read_rules
from support.machines.native_model import SANITIZE, STRICT

CLASSES = 4
LABELS = ("fist", "open", "rest", "point")
_MAIN = """
#include <stdio.h>
#include "decide.h"
typedef struct { int32_t whole[6]; float real[5]; int32_t table; uint16_t shares[EMG_SHARES]; } given_t;
typedef struct { uint32_t end; int32_t good; float amplitude; float outputs[4]; } window_t;
int main(void) {
    static given_t given;
    static emg_decider_t decider;
    static window_t window;
    if (fread(&given, sizeof given, 1, stdin) != 1) { return 2; }
    const emg_rules_t rules = {
        .vote = given.whole[0], .confirm = given.whole[1], .confidence = given.whole[2],
        .minimum_samples = (uint32_t)given.whole[3], .hold_samples = (uint32_t)given.whole[4],
        .rest = given.whole[5], .onset_mv = given.real[0], .slow_mv = given.real[1], .per_mv = given.real[2],
        .step = given.real[3], .zero = given.real[4], .shares = given.table ? given.shares : 0};
    emg_decide_start(&decider);
    while (fread(&window, sizeof window, 1, stdin) == 1) {
        emg_found_t found = {EMG_NO_CLASS, 0};
        if (window.good) { found = emg_decide_class(&rules, window.outputs, 4); }
        const emg_decision_t said = emg_decide(&rules, &decider, window.end, found, window.amplitude);
        if (fwrite(&said, sizeof said, 1, stdout) != 1) { return 3; }
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decide")
    (folder / "main.c").write_text(_MAIN)
    live = FIRMWARE_TEMPLATES / "runtime" / "live"
    flags = (*STRICT, *SANITIZE, "-fsanitize=float-cast-overflow", f"-I{live}")
    subprocess.run(["gcc", *flags, "-o", "decide", "main.c", str(live / "decide.c")], cwd=folder, check=True)
    return folder / "decide"


WINDOW = np.dtype([("end", "<u4"), ("good", "<i4"), ("amplitude", "<f4"), ("outputs", "<f4", (CLASSES,))])


def in_c(program: Path, rules: Resolved, how: Confidence, windows: NDArray[np.void]) -> list[Decision]:
    rest = -1 if rules.rest is None else rules.rest
    whole = (rules.vote, rules.confirm, rules.confidence, rules.minimum_samples, rules.hold_samples, rest)
    real = (rules.onset_mv, rules.slow_mv, rules.per_mv, how.step, how.zero)
    shares = np.zeros(256, np.uint16) if how.shares is None else how.shares
    given = np.array(whole, np.int32).tobytes() + np.array(real, np.float32).tobytes()
    given += np.int32(how.shares is not None).tobytes() + shares.tobytes()
    ran = subprocess.run([program], input=given + windows.tobytes(), capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode()
    rows = np.frombuffer(ran.stdout, np.int32).reshape(-1, 5).tolist()
    return [Decision(None if g < 0 else g, bool(u), bool(r), c, v) for g, u, r, c, v in rows]


def on_the_host(rules: Resolved, how: Confidence, windows: NDArray[np.void]) -> list[Decision]:
    decider = Decider(rules)
    return [
        decider(int(w["end"]), how(w["outputs"]) if w["good"] else None, float(w["amplitude"]))
        for w in windows
    ]


CONFIDENCES = [
    Confidence.of("int8", 0.13, 4),
    Confidence.of("int16", 3e-4),
    Confidence.of("float32", 1.0),
    Confidence.of("int8", 1 / 256, -128, probabilities=True),
    Confidence.of("float32", 1.0, probabilities=True),
]


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    return Rules(
        vote=draw(st.sampled_from((1, 2, 3, 5, 64))),
        confidence=draw(st.sampled_from((0.0, 0.4, 0.9))),
        confirm=draw(st.integers(1, 4)),
        minimum_ms=draw(st.sampled_from((0.0, 130.0, 400.0))),
        hold_ms=draw(st.sampled_from((0.0, 60.0, 150.0))),
        onset_mv=draw(st.sampled_from((0.0, 0.5))),
        velocity_mv=draw(st.sampled_from((None, (0.2, 0.9), (0.0, 1e-3)))),
        rest=draw(st.sampled_from(("", "fist"))),
    )


def windows_of(seed: int, how: Confidence, count: int = 120) -> NDArray[np.void]:
    rng = np.random.default_rng(seed)
    windows = np.zeros(count, WINDOW)
    windows["end"] = 100 + np.cumsum(50 * rng.integers(1, 3, count))
    windows["good"] = rng.random(count) < 0.9
    windows["amplitude"] = rng.random(count)
    steady = np.repeat(rng.integers(0, CLASSES, count // 8 + 1), 8)[:count]
    if how.shares is None:
        outputs = rng.random((count, CLASSES))
    else:
        outputs = np.round(rng.normal(0, 20, (count, CLASSES)) + 40 * (np.arange(CLASSES) == steady[:, None]))
    windows["outputs"] = outputs
    bits = rng.integers(0, 1 << 32, (count, CLASSES), dtype=np.uint32).view(np.float32)
    windows["outputs"] = np.where(rng.random((count, 1)) < 0.1, bits, windows["outputs"])
    return windows


@settings(max_examples=60, deadline=None)
@given(wanted=rules(), how=st.sampled_from(CONFIDENCES), seed=st.integers(0, 10_000))
def test_host_and_device_decide_alike(program: Path, wanted: Rules, how: Confidence, seed: int) -> None:
    windows, resolved = windows_of(seed, how), wanted.resolved(1000.0, LABELS)
    assert in_c(program, resolved, how, windows) == on_the_host(resolved, how, windows)


def decided(wanted: Rules, gestures: list[int | None], confidence: int = 1000) -> list[int | None]:
    """What is decided of windows 50 samples apart at 1,000 Hz; None where it is unsure."""
    decider = Decider(wanted.resolved(1000.0, LABELS))
    said = [decider(50 * k, None if g is None else (g, confidence)) for k, g in enumerate(gestures, 1)]
    return [None if one.unsure else one.gesture for one in said]


def test_each_rule_does_what_it_says() -> None:
    assert decided(Rules(), [0, 1, 0]) == [0, 1, 0]
    assert decided(Rules(vote=3), [0, 1, 0, 1, 1]) == [0, 1, 0, 1, 1]
    assert decided(Rules(confirm=2), [0, 0, 1, 0, 1, 1]) == [None, 0, 0, 0, 0, 1]
    assert decided(Rules(minimum_ms=100), [0, 1, 1, 0]) == [0, 0, 1, 1]
    assert decided(Rules(hold_ms=50), [0, None, None, 1]) == [0, 0, None, 1]
    # What was voted before a pause does not count after it.
    assert decided(Rules(vote=5, hold_ms=50), [0, 0, 0, None, None, 1]) == [0, 0, 0, 0, None, 1]


def test_doubtful_windows_are_rejected_until_the_hand_rests() -> None:
    decider = Decider(Rules(confidence=0.6).resolved(1000.0, LABELS))
    said = [decider(50 * k, (1, c)) for k, c in enumerate([700, 500, 500, 500, 500, 600], 1)]
    assert [one.rejected for one in said] == [False, True, True, True, True, False]
    assert [one.unsure for one in said] == [False, False, False, False, True, False]
    assert said[4].gesture == LABELS.index("rest")


def test_quiet_windows_mean_rest_whatever_the_network_says() -> None:
    decider = Decider(Rules(onset_mv=0.1, velocity_mv=(0.1, 0.3)).resolved(1000.0, LABELS))
    quiet, loud = decider(50, (0, 300), 0.05), decider(100, (0, 300), 0.2)
    assert (quiet.gesture, quiet.confidence, quiet.velocity) == (2, 1000, 0)
    assert (loud.gesture, loud.confidence) == (0, 300) and 498 <= loud.velocity <= 500


def test_confidence_is_the_softmax() -> None:
    rng = np.random.default_rng(0)
    for how, scale in ((Confidence.of("int8", 0.1), 0.1), (Confidence.of("float32", 1.0), 1.0)):
        for _ in range(50):
            outputs = rng.integers(-60, 60, CLASSES).astype(np.float32)
            outputs *= np.float32(1 if scale < 1 else 0.1)
            found = how(outputs)
            odds = np.exp(scale * (outputs - outputs.max()).astype(np.float64))
            assert found is not None and found[0] == int(np.argmax(outputs))
            # Sixteenths of a natural unit, rounded down, for outputs of more than 8 bits.
            assert abs(found[1] / 1000 - 1 / odds.sum()) < (0.002 if scale < 1 else 0.03)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vote=0", "vote must be 1 to 64"),
        ("confidence=1.0", "confidence must be from 0 to below 1"),
        ("votes=3", "there is no field 'votes'"),
        ("vote", "neither a .toml file nor field=value"),
        ("velocity_mv=[2, 1]", "velocity_mv must rise"),
        ("vote=1.5", "vote must be whole numbers"),
    ],
)
def test_bad_descriptions_are_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_rules(text)


def test_an_onset_needs_a_class_of_rest() -> None:
    with pytest.raises(UsageError, match="no class means rest"):
        Rules(onset_mv=0.1).resolved(1000.0, ("fist", "open"))
    with pytest.raises(EmgDeployError, match="there is no gesture 'thumb'"):
        Rules(rest="thumb").resolved(1000.0, LABELS)


def test_descriptions_come_from_files_and_words(tmp_path: Path) -> None:
    (tmp_path / "d.toml").write_text("vote = 5\nvelocity_mv = [0.1, 0.5]\n")
    wanted = Rules(vote=5, velocity_mv=(0.1, 0.5))
    assert read_rules(str(tmp_path / "d.toml")) == wanted
    assert read_rules("vote=5,velocity_mv=[0.1, 0.5]") == wanted
    assert read_rules("vote=5,confidence=0.5") == Rules(vote=5, confidence=0.5)
    assert Rules.from_dict(wanted.to_dict()) == wanted
