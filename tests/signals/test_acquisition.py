"""The acquisition of recordings: it comes back from JSON unchanged, and a damaged one is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emgdeploy.errors import InputError
from emgdeploy.signals import simulated
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.simulated import Simulation

WHOLE = Acquisition(2048.0, 6, (1, 4), (1, 2, -1, 4), 1e-3, "mV", ("t", "a", "b", "c", "d", "e"), ("x", "y"))


def test_it_is_what_the_recordings_are() -> None:
    dataset = simulated.dataset(Simulation(1, 1, 1, 0.1, (2, 3)))
    found = Acquisition.of(dataset)
    assert (found.sample_rate_hz, found.channels, found.grid) == (2000.0, 6, (2, 3))
    assert found.electrodes == tuple(range(6)) and found.labels == simulated.LABELS
    assert (found.scale, found.unit) == (1.0, "mV")


def test_json_brings_it_back() -> None:
    assert Acquisition.from_dict(json.loads(json.dumps(WHOLE.to_dict())), "a") == WHOLE


WRONG: dict[str, list[Any]] = {
    "sample_rate_hz": [0, -1.0, float("nan"), float("inf"), "1000", True, None],
    "channels": [0, 1.5, 1 << 20, True],
    "grid": [[4], [0, 4], [1, 4, 1], "14"],
    "electrodes": [[], [0, 1, 2], [-2, 0, 1, 2], [0, 1, 2, 6], [0.0, 1, 2, 3], 4],
    "scale": [0, "1"],
    "unit": ["V", 1],
    "names": [[1], "abc"],
    "labels": [[None], {}],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_field_that_makes_no_sense_is_refused(name: str) -> None:
    for value in WRONG[name]:
        with pytest.raises(InputError, match=r"^a\.pt: .*acquisition"):
            Acquisition.from_dict({**WHOLE.to_dict(), name: value}, "a.pt")
    without = {key: value for key, value in WHOLE.to_dict().items() if key != name}
    with pytest.raises(InputError, match=name):
        Acquisition.from_dict(without, "a.pt")


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_what_is_no_mapping_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        Acquisition.from_dict(value, "a.pt")
