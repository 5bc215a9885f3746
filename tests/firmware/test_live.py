"""Live recognition on the device: the same bits as the host's preprocessing, for any description."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emgdeploy.boards import load_board
from emgdeploy.codegen import GeneratedModel
from emgdeploy.codegen.result import TensorSpec
from emgdeploy.convert.windows import quantize_windows, quantized, to_device_layout
from emgdeploy.cores import CORES
from emgdeploy.deploy.build import build
from emgdeploy.deploy.request import BuildRequest
from emgdeploy.deploy.workload import Material
from emgdeploy.emulate.cycles import Profiler
from emgdeploy.emulate.cycles.bare import link_alone
from emgdeploy.firmware import live
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.resources import FIRMWARE_TEMPLATES
from emgdeploy.signals import Preprocess
from emgdeploy.signals.decisions import Confidence, Decider, Decision, Rules
from emgdeploy.signals.stream import Stream
from support.machines.native_model import QUICK_LINK, SANITIZE, STRICT, kernel_object

# What a user's own project may be compiled with: fused multiply-adds, and leave to use them.
LOOSE = ("-std=gnu99", "-O3", "-mfma", "-ffp-contract=fast")

_MODEL_H = """
#include <stdint.h>
typedef int8_t emg_input_t;
#define EMG_INPUT_LEN %d
typedef int8_t emg_output_t;
#define EMG_OUTPUT_LEN 4
"""
_MAIN = """
#include <stdio.h>
#include "live.h"
int main(void) {
    static float samples[EMG_LIVE_CHANNELS];
    static emg_input_t input[EMG_INPUT_LEN];
    while (fread(samples, sizeof samples[0], EMG_LIVE_CHANNELS, stdin) == EMG_LIVE_CHANNELS) {
        if (emg_live_push(samples)) {
            emg_live_window(input);
            const emg_output_t output[EMG_OUTPUT_LEN] = {input[0], input[1 % EMG_INPUT_LEN], 0, 9};
            const emg_decision_t decision = emg_live_decision(output);
            if (fwrite(input, sizeof input[0], EMG_INPUT_LEN, stdout) != EMG_INPUT_LEN) { return 3; }
            if (fwrite(&decision, sizeof decision, 1, stdout) != 1) { return 3; }
        }
    }
    const uint32_t bad = emg_live_bad_values();
    return fwrite(&bad, sizeof bad, 1, stdout) != 1;
}
"""
DEFAULT = Rules()
LABELS = ("fist", "open", "rest", "point")


@dataclass(frozen=True)
class Seen:
    """windows: (N, height * width * frames) in the order H, W, C. decisions: of each window. bad: values."""

    windows: NDArray[np.int8]
    decisions: list[Decision]
    bad: int

    @property
    def said(self) -> list[tuple[int, bool]]:
        """Gesture, -1 for none, and whether it is unsure."""
        return [(-1 if one.gesture is None else one.gesture, one.unsure) for one in self.decisions]


OUTPUTS = Confidence.of("int8", 0.1)


def on_the_device(
    preprocess: Preprocess,
    samples: NDArray[np.float32],
    scale: float,
    flags: tuple[str, ...],
    rules: Rules = DEFAULT,
) -> Seen:
    """(S, channels) in mV through the generated C."""
    shape = preprocess.input_shape
    spec = TensorSpec((1, *shape[1:], shape[0]), "int8", scale, -3)
    order = live.device_order(shape, (1, 2, 0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = live.sources(
            preprocess, spec, order, {"model": "test */ model"}, live.Decisions(rules, OUTPUTS, LABELS)
        )
        texts |= {"main.c": _MAIN, "model.h": _MODEL_H % order.size}
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        runtime = [path for path in texts if path.startswith("runtime/") and path.endswith(".c")]
        objects = [kernel_object(path, "gcc", flags) for path in runtime]
        command = ["gcc", *STRICT, *flags, *QUICK_LINK, "-I.", "-o", "live", "main.c", "live.c", *objects]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        ran = subprocess.run([folder / "live"], input=samples.tobytes(), capture_output=True)
        assert ran.returncode == 0, ran.stderr.decode()
    kind = np.dtype([("window", np.int8, (order.size,)), ("said", np.int32, (5,))])
    rows = np.frombuffer(ran.stdout[:-4], kind)
    return Seen(rows["window"], list(map(_decision, rows["said"].tolist())), _u32(ran.stdout[-4:]))


def _u32(data: bytes) -> int:
    return int(np.frombuffer(data, np.uint32)[0])


def _decision(said: list[int]) -> Decision:
    gesture, unsure, rejected, confidence, velocity = said
    return Decision(None if gesture < 0 else gesture, bool(unsure), bool(rejected), confidence, velocity)


def on_the_host_live(
    preprocess: Preprocess,
    samples: NDArray[np.float32],
    scale: float,
    cuts: list[int],
    rules: Rules = DEFAULT,
) -> Seen:
    """The same in pieces, as `emgdeploy run` takes them."""
    stream = Stream(preprocess, rules.needs_amplitude)
    decider = Decider(rules.resolved(preprocess.sample_rate_hz, LABELS))
    windows: list[NDArray[np.int8]] = []
    decisions: list[Decision] = []
    pixels = math.prod(preprocess.input_shape)
    for piece in np.split(samples, cuts):
        done = stream.push(piece)
        x = quantized(to_device_layout(done.windows, (1, 2, 0)), scale, -3, np.dtype(np.int8))
        for window, sure, amplitude in zip(
            x.reshape(len(x), pixels), done.sure, done.amplitudes, strict=True
        ):
            end = len(windows) * preprocess.stride_samples + preprocess.window_samples
            outputs = np.array([window[0], window[1 % pixels], 0, 9], np.int8)
            decisions.append(decider(end, OUTPUTS(outputs) if sure else None, float(amplitude)))
            windows.append(window)
    return Seen(np.array(windows, np.int8).reshape(-1, pixels), decisions, int(stream.bad.sum()))


def on_the_host(preprocess: Preprocess, samples: NDArray[np.float32], scale: float) -> NDArray[Any]:
    windows = quantize_windows(preprocess.apply(samples), scale, -3, np.dtype(np.int8), (1, 2, 0))
    return windows.reshape(len(windows), -1)


@st.composite
def descriptions(draw: st.DrawFn) -> Preprocess:
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    frames = draw(st.integers(1, 3))
    image = draw(st.sampled_from(("rms", "mav", "stacked")))
    rectify = draw(st.booleans())
    detrend = image != "mav" and draw(st.booleans())
    signed = image == "stacked" and (detrend or not rectify)
    electrodes = draw(st.lists(st.integers(-1, 12), min_size=rows * columns, max_size=rows * columns))
    electrodes[0] = max(electrodes[0], 0)
    band = draw(st.sampled_from((None, (20.0, 400.0), (5.0, 90.0))))
    normalise = draw(st.sampled_from(("none", "global", "electrode", "frame")))
    return Preprocess(
        sample_rate_hz=1000.0,
        grid=(rows, columns),
        electrodes=tuple(electrodes),
        window_ms=float(frames * draw(st.integers(2, 20))),
        stride_ms=float(draw(st.integers(1, 50))),
        image=image,
        frames=frames,
        detrend=detrend,
        rectify=rectify,
        log_epsilon=None if signed else draw(st.sampled_from((None, 1e-3, 0.2))),
        bandpass_hz=band,
        bandpass_order=draw(st.integers(1, 4)),
        notch_hz=draw(st.sampled_from(((), (50.0,), (50.0, 150.0)))),
        normalise=normalise,
        layout=draw(st.sampled_from(("channels", "raster", "column"))),
    )


@st.composite
def descriptions_of_decisions(draw: st.DrawFn) -> Rules:
    slow = draw(st.sampled_from((0.0, 0.05)))
    return Rules(
        vote=draw(st.integers(1, 7)),
        confidence=draw(st.sampled_from((0.0, 0.4, 0.8))),
        confirm=draw(st.integers(1, 4)),
        minimum_ms=draw(st.sampled_from((0.0, 40.0, 200.0))),
        hold_ms=draw(st.sampled_from((0.0, 60.0, 150.0))),
        onset_mv=draw(st.sampled_from((0.0, 0.1, 1.0))),
        velocity_mv=draw(st.sampled_from((None, (slow, 0.5), (slow, 4.0)))),
        rest=draw(st.sampled_from(("", "fist"))),
    )


def recording(channels: int, seed: int, samples: int = 300) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    offsets, gains = rng.normal(0, 2, channels), rng.lognormal(-2, 1, channels)
    return (offsets + gains * rng.normal(size=(samples, channels))).astype(np.float32)


def fitting_scale(preprocess: Preprocess, samples: NDArray[np.float32]) -> float:
    """A scale at which the windows use the range of int8, so that a last bit could show."""
    return max(float(np.abs(preprocess.apply(samples)).max()) / 100, 1e-6)


@settings(max_examples=10, deadline=None)
@given(preprocess=descriptions(), seed=st.integers(0, 1000))
def test_windows_have_the_bits_of_the_host_however_compiled(preprocess: Preprocess, seed: int) -> None:
    samples = recording(max(preprocess.electrodes) + 1, seed)
    preprocess = preprocess.fit(preprocess.features(samples))
    scale = fitting_scale(preprocess, samples)
    found = on_the_device(preprocess, samples, scale, LOOSE).windows
    wanted = on_the_host(preprocess, samples, scale)
    assert found.shape == wanted.shape and len(wanted) == len(preprocess.starts(len(samples)))
    assert np.array_equal(found, wanted)


def spoilt(samples: NDArray[np.float32], share: float, seed: int) -> NDArray[np.float32]:
    """Some values get any bits at all, or those that no arithmetic likes; a few electrodes begin late."""
    rng = np.random.default_rng(seed)
    worst = np.array(
        [np.nan, -np.nan, np.inf, -np.inf, 1e20, -3e38, 2.0**32, -(2.0**32), 1e-40, -0.0], np.float32
    )
    bits = rng.integers(0, 1 << 32, samples.shape, dtype=np.uint32).view(np.float32)
    chosen = np.where(rng.random(samples.shape) < 0.5, bits, rng.choice(worst, samples.shape))
    result: NDArray[np.float32] = np.where(rng.random(samples.shape) < share, chosen, samples)
    late = rng.random(samples.shape[1]) < 0.2
    result[: rng.integers(1, len(result)), late] = np.nan
    return result


@settings(max_examples=14, deadline=None)
@given(
    preprocess=descriptions(),
    limits=st.sampled_from([None, (-6.0, 6.0), (0.5, 3.0)]),
    share=st.sampled_from([0.0, 0.0002, 0.002, 0.5, 1.0]),
    rules=descriptions_of_decisions(),
    seed=st.integers(0, 1000),
)
def test_any_bits_as_samples_give_the_same_on_both(
    preprocess: Preprocess, limits: tuple[float, float] | None, share: float, rules: Rules, seed: int
) -> None:
    """Windows, decisions and the count of bad values; the C under sanitizers, conversions of floats included."""
    good = recording(max(preprocess.electrodes) + 1, seed)
    preprocess = dataclasses.replace(preprocess.fit(preprocess.features(good)), range_mv=limits)
    scale = fitting_scale(preprocess, good)
    samples = spoilt(good, share, seed)
    cuts = sorted(np.random.default_rng(seed).integers(1, len(samples), 3).tolist())
    flags = (*SANITIZE, "-fsanitize=float-cast-overflow")
    found = on_the_device(preprocess, samples, scale, flags, rules)
    wanted = on_the_host_live(preprocess, samples, scale, list(dict.fromkeys(cuts)), rules)
    assert np.array_equal(found.windows, wanted.windows)
    assert found.decisions == wanted.decisions and found.bad == wanted.bad
    assert np.array_equal(wanted.windows.ravel(), _applied(preprocess, samples, scale).ravel())


def _applied(preprocess: Preprocess, samples: NDArray[np.float32], scale: float) -> NDArray[np.int8]:
    return quantized(to_device_layout(preprocess.apply(samples), (1, 2, 0)), scale, -3, np.dtype(np.int8))


BANDPASSED = Preprocess(
    *(1000.0, (2, 2), (0, 1, 2, 3), 100.0, 50.0),
    detrend=True,
    log_epsilon=1e-3,
    bandpass_hz=(20.0, 450.0),
    notch_hz=(50.0,),
    normalise="global",
    mean=(-1.0,),
    std=(1.0,),
)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e20])
def test_one_bad_value_spoils_neither_filter_nor_later_windows(value: float) -> None:
    """What a filter keeps of it is no more than of the sample that stands for it."""
    clean = recording(4, seed=3, samples=2000)
    spoiled = clean.copy()
    spoiled[500, 2] = value
    held = clean.copy()
    held[500, 2] = clean[499, 2]
    found = on_the_device(BANDPASSED, spoiled, 0.05, SANITIZE)
    assert found.bad == 1
    assert np.array_equal(found.windows, on_the_host(BANDPASSED, held, 0.05))
    assert not any(unsure for _, unsure in found.said)


def test_a_dead_electrode_means_rest_until_a_whole_window_is_good_again() -> None:
    samples = recording(4, seed=4, samples=2000)
    samples[600:1000, 1] = np.nan
    decisions = on_the_device(BANDPASSED, samples, 0.05, SANITIZE).said
    ends = [100 + 50 * k for k in range(len(decisions))]
    # The last good window ends at 600; its decision is held for 150 ms, and at 1100 a whole window is good.
    assert [end for end, (_, unsure) in zip(ends, decisions, strict=True) if unsure] == list(
        range(800, 1100, 50)
    )
    assert {gesture for gesture, unsure in decisions if unsure} == {LABELS.index("rest")}
    held = {gesture for end, (gesture, _) in zip(ends, decisions, strict=True) if 600 <= end <= 750}
    assert len(held) == 1


def test_a_root_is_that_of_ieee_754(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(
        '#include <math.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <string.h>\n#include "root.h"\n'
        "int main(void) { int32_t wrong = 0; for (uint32_t i = 0; i < 0x7f800000u; i += 1021u) { float x, y;\n"
        "memcpy(&x, &i, sizeof x); y = emg_root(x); const float z = sqrtf(x);\n"
        "wrong += memcmp(&y, &z, sizeof y) != 0; } return wrong != 0; }\n"
    )
    folder = FIRMWARE_TEMPLATES / "runtime" / "live"
    command = ["gcc", *STRICT, f"-I{folder}", "-o", "root", "main.c", str(folder / "root.c"), "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "root"]).returncode == 0


def test_quantizing_is_defined_for_any_bits(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "quantize_f32.h"\n#include "requantize.h"\n'
        "int main(void) { float x[2]; while (fread(x, sizeof x[0], 2, stdin) == 2) {\n"
        "const int32_t q = emg_quantize_f32(x[0], x[1], -74);\n"
        "const int8_t out = (int8_t)emg_clamp(q, -128, 127); fwrite(&out, 1, 1, stdout); } return 0; }\n"
    )
    folder = FIRMWARE_TEMPLATES / "runtime" / "kernels" / "support"
    flags = (*STRICT, *SANITIZE, "-fsanitize=float-cast-overflow")
    subprocess.run(["gcc", *flags, f"-I{folder}", "-o", "q", "main.c"], cwd=tmp_path, check=True)
    rng = np.random.default_rng(0)
    scale = rng.choice(np.array([1e-30, 0.0273919106, 1.0, 1e30], np.float32), 20_000)
    x = rng.integers(0, 1 << 32, 20_000, dtype=np.uint32).view(np.float32)
    x = np.where(rng.random(20_000) < 0.5, x, (rng.normal(0, 100, 20_000) * scale).astype(np.float32))
    x[:6] = (np.nan, -np.nan, np.inf, -np.inf, 1e20, -1e20)
    ran = subprocess.run([tmp_path / "q"], input=np.column_stack([x, scale]).tobytes(), capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode()
    found = np.frombuffer(ran.stdout, np.int8)
    for s in np.unique(scale):
        wanted = quantized(x[scale == s], float(s), -74, np.dtype(np.int8))
        assert np.array_equal(found[scale == s], wanted)
    assert found[:6].tolist() == [-74, -74, 127, -128, 127, -128]


_INVOKE = """
#include "live.h"
void emg_model_invoke(const void *input, void *output);
void emg_model_invoke(const void *input, void *output) {
    const float *sample = input;
    emg_input_t *window = output;
    for (int i = 0; i < %d; ++i, sample += EMG_LIVE_CHANNELS) {
        if (emg_live_push(sample)) {
            emg_live_window(window);
            window += EMG_INPUT_LEN;
        }
    }
}
"""


@pytest.mark.parametrize("core", ["cortex-m4f", "cortex-m0"])
def test_an_emulated_core_has_the_bits_too(core: str, tmp_path: Path) -> None:
    """With a floating-point unit and without one."""
    preprocess = Preprocess(
        sample_rate_hz=1000.0,
        grid=(2, 3),
        electrodes=(4, 3, 2, -1, 1, 0),
        window_ms=20.0,
        stride_ms=15.0,
        frames=2,
        detrend=True,
        log_epsilon=1e-3,
        bandpass_hz=(20.0, 400.0),
        notch_hz=(50.0,),
        normalise="electrode",
    )
    samples = recording(5, seed=1, samples=80)
    preprocess = preprocess.fit(preprocess.features(samples))
    scale = fitting_scale(preprocess, samples)
    wanted = on_the_host(preprocess, samples, scale)
    spec = TensorSpec((1, 2, 3, 2), "int8", scale, -3)
    texts = live.sources(
        preprocess,
        spec,
        live.device_order((2, 2, 3), (1, 2, 0)),
        {},
        live.Decisions(DEFAULT, OUTPUTS, LABELS),
    )
    texts |= {"model.h": _MODEL_H % 12, "model.c": _INVOKE % len(samples)}
    alone = cast(GeneratedModel, SimpleNamespace(files=texts, runtime_sources=()))
    elf = link_alone(alone, CORES[core], tmp_path)
    found = Profiler(elf, core, samples.nbytes, wanted.nbytes).run(samples.tobytes()).output
    assert len(wanted) == 5 and found == wanted.tobytes()


def _built(preprocess: Preprocess, model: Path, out: Path) -> Manifest:
    return build(
        BuildRequest(load_board("native"), model, out, given=Material(preprocess=preprocess.to_dict()))
    )


def test_a_build_with_a_description_holds_the_code(tiny_model: Path, tmp_path: Path) -> None:
    made = _built(Preprocess(1000.0, (4, 6), tuple(range(24)), 40.0, 10.0), tiny_model, tmp_path / "b")
    assert "src/live.c" in made.live_sources and not made.notes[1:]
    units = [str(tmp_path / "b" / name) for name in made.live_sources]
    done = subprocess.run(["gcc", *STRICT, "-fsyntax-only", *units], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("preprocess", "reason"),
    [
        (Preprocess(1000.0, (3, 8), tuple(range(24)), 40.0, 10.0), "the model takes"),
        (Preprocess(1000.0, (4, 6), tuple(range(24)), 40.0, 10.0, "mav", detrend=True), "all samples"),
        (Preprocess(1000.0, (4, 6), tuple(range(24)), 40.0, 10.0, normalise="global"), "not fitted"),
    ],
)
def test_a_build_says_why_it_holds_none(
    preprocess: Preprocess, reason: str, tiny_model: Path, tmp_path: Path
) -> None:
    made = _built(preprocess, tiny_model, tmp_path / "b")
    assert made.live_sources == () and reason in made.notes[-1]
