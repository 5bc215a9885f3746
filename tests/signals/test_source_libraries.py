"""Sources by the real libraries over loopback, and what is said where a library is missing."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from emgdeploy.errors import InputError, ToolMissingError, UsageError
from emgdeploy.signals import Preprocess, given
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.sources import kinds, lsl
from emgdeploy.signals.sources.address import Wanted
from emgdeploy.signals.sources.feed import About, NoSource
from emgdeploy.signals.sources.live import Live
from support.devices.streams import taken

HOW = Preprocess(1000.0, (1, 4), (0, 1, 2, 3), 100.0, 50.0)
RECORDED = Acquisition(1000.0, 4, (1, 4), (0, 1, 2, 3), 0.001, names=("a", "b", "c", "d"))


def outlet(name: str, kind: str = "EMG") -> Any:
    pylsl = lsl.load()
    info = pylsl.StreamInfo(name, kind, 16, 2048, "float32", name)
    info.set_channel_labels([f"E{n}" for n in range(1, 17)])
    info.set_channel_units(["microvolts"] * 16)
    return pylsl.StreamOutlet(info)


def test_a_stream_of_the_lab_streaming_layer() -> None:
    sender, name = outlet("made here"), "made here"
    sent = np.random.default_rng(2).normal(0, 100, (2048, 16)).astype(np.float32)
    with closing(Live(kinds.open_feed(f"lsl:{name}?type=EMG", Wanted()), 2048.0, 0.001)) as source:
        about = source.feed.about
        assert (about.columns, about.sample_rate_hz, about.scale) == (16, 2048.0, 0.001)
        assert about.names[:2] == ("E1", "E2")
        assert len(source.take(0) or ()) == 0 and sender.wait_for_consumers(5)
        begun = time.monotonic()
        sender.push_chunk(sent)
        piece = taken(source, len(sent))
    assert np.array_equal(piece.samples, sent * np.float32(0.001))
    assert abs(piece.due[-1] - begun) < 0.2 and np.allclose(np.diff(piece.due), 1 / 2048, atol=1e-4)


def test_streams_that_are_not_there_or_not_alone() -> None:
    held = outlet("left", "Arm"), outlet("right", "Arm")
    with pytest.raises(NoSource, match="no LSL stream has the name 'middle' within 1 s") as error:
        kinds.open_feed("lsl:middle?wait=1", Wanted())
    assert "left (type Arm)" in error.value.hint and held
    with pytest.raises(InputError, match="2 LSL streams have the type 'Arm': left, right"):
        kinds.open_feed("lsl:?type=Arm&wait=1", Wanted())


def test_brainflows_synthetic_board() -> None:
    with closing(Live(kinds.open_feed("brainflow:synthetic", Wanted()), 250.0, 0.001)) as source:
        about = source.feed.about
        assert (about.columns, about.sample_rate_hz, about.scale) == (16, 250.0, 1e-3)
        values = taken(source, 100).samples
    assert values.shape[1] == 16 and np.isfinite(values).all() and source.lost == 0
    assert (values.std(axis=0) > 0).all()


@pytest.mark.parametrize(("kind", "module"), [("lsl:", "pylsl"), ("brainflow:synthetic", "brainflow")])
def test_a_missing_library_is_one_sentence(kind: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ToolMissingError, match=f"the Python package {module}") as error:
        kinds.open_feed(kind, Wanted())
    assert 'pip install "emgdeploy[live]"' in error.value.hint


def how(scale: float | None = None, rate: float | None = None, *electrodes: int) -> given.Reading:
    return given.reading(HOW, RECORDED, scale, rate, electrodes or None)


def test_a_source_that_describes_itself_is_believed() -> None:
    about = About("it", 6, 1000.0, 1.0, ("x", "d", "c", "b", "a", "time"))
    found = given.of_source(about, how())
    assert found.preprocess.electrodes == (4, 3, 2, 1) and (found.scale, found.columns) == (1.0, 6)
    found = given.of_source(about, how(0.5, None, 0, 1, 2, -1))
    assert found.preprocess.electrodes == (0, 1, 2, -1) and found.scale == 0.5
    found = given.of_source(About("it"), how())
    assert (found.scale, found.columns, found.sample_rate_hz) == (0.001, 4, 1000.0)


@pytest.mark.parametrize(
    ("about", "usual", "error", "words"),
    [
        (About("it", 4, 2000.0), how(), InputError, "2000 Hz come one by one, the model takes 1000 Hz"),
        (About("it", 4, 2000.0), how(None, 1000.0), UsageError, "it sends 2000 Hz, --rate says 1000"),
        (About("it", 3), how(), InputError, "it has 3 channels, the model takes 4"),
        (About("it", 8), how(), InputError, "it has 8 channels, the model takes 4"),
        (
            About("it", 8),
            how(None, None, 0, 1, 2, 9),
            InputError,
            "it has 8 channels, the model takes 10 or more",
        ),
    ],
)
def test_a_source_that_cannot_be_the_models(
    about: About, usual: given.Reading, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        given.of_source(about, usual)
