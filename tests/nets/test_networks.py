"""Every network: what fixes it survives a checkpoint; the small ones' int8 form is bit-exact on every core."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets import registry
from emgdeploy.nets.checkpoint import load_checkpoint
from emgdeploy.nets.cost import cost
from support.models.networks import IMAGE, RING, prove_bit_exact, saved, settled, write_own_network

SMALL = [
    ("effie", (1, 6, 24), 1.0),
    ("bandnet", (1, 6, 20), 0.25),
    ("own_network:make", (2, 4, 4), 1.0),
]
CASES = [
    ("mobilenetv2", IMAGE, 0.2),
    ("mobilenetv2", (2, 3, 4), 0.4),
    ("mobilenetv2", RING, 0.2),
    ("mobilenetv1", IMAGE, 0.25),
    ("mobilenetv1", RING, 0.1),
    ("m5", (2, 8, 16), 1.0),
    ("effie", RING, 1.0),
    ("bandnet", RING, 0.5),
    ("bandnet-small", (1, 16, 20), 1.0),
    ("lda", (2, 3, 4), 1.0),
    ("mlp", (2, 3, 4), 0.5),
    ("own_network:make", (2, 4, 4), 1.0),
]


@pytest.fixture(autouse=True)
def own_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_own_network(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize(("name", "shape", "width"), SMALL)
def test_int8_is_bit_exact_natively_and_on_cortex_m4(
    name: str, shape: tuple[int, int, int], width: float, tmp_path: Path
) -> None:
    prove_bit_exact(name, shape, width, tmp_path)


@pytest.mark.parametrize(("name", "shape", "width"), CASES)
def test_checkpoint_brings_the_same_network_back(
    name: str, shape: tuple[int, int, int], width: float, tmp_path: Path
) -> None:
    network = settled(name, shape, width)
    path = saved(network, shape, tmp_path / "a.pt")
    if ":" in name:
        with pytest.raises(InputError, match="your own network"):
            load_checkpoint(path)
    loaded = load_checkpoint(path, name if ":" in name else None)
    x = torch.randn(3, *shape)
    assert loaded.input_shape == shape
    with torch.no_grad():
        assert torch.equal(loaded.network(x), network(x))


def test_effie_has_the_published_sizes() -> None:
    """Two 3x3 convolutions of 48 and 96 without padding, pools by 2, and one linear layer: 4 x 6 x 96 values."""
    found = cost(registry.new("effie", RING, 13, 1.0), RING)
    assert found.macs == 6 * 30 * 48 * 9 + 4 * 13 * 96 * 48 * 9 + 4 * 6 * 96 * 13


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("resnet", RING, "no network 'resnet'"),
        ("effie", (1, 4, 40), "at least 5 electrodes"),
        ("effie", (32, 8, 1), "one row for each electrode"),
        ("bandnet", (1, 8, 3), "at least 4 samples"),
        ("m5", (1, 8, 8), "at least 240 values"),
    ],
)
def test_network_that_cannot_take_the_windows_says_why(
    name: str, shape: tuple[int, int, int], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        registry.new(name, shape, 5, 1.0)


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ({"name": "effie", "classes": 5, "grid": [4096, 4097]}, "1..4096"),
        ({"name": "effie", "classes": 5, "grid": [8, 2]}, "at least 5 electrodes"),
        ({"name": "bandnet", "classes": 5, "grid": [8, 32], "filters": 0}, "filters"),
        (
            {"name": "bandnet", "classes": 5, "grid": [8, 32], "filters": 4, "neighbours": 7},
            "neighbours",
        ),
        ({"name": "m5", "classes": 5, "window": [1 << 20] * 3}, "too large"),
        ({"name": "m5", "classes": 5, "window": 3}, "window"),
        ({"name": "mobilenetv1", "channels": 1, "grid": [8, 8], "percent": 25}, "classes"),
        ({"name": ["m5"], "classes": 5}, "no network"),
    ],
)
def test_hostile_description_is_named(description: dict[str, object], said: str) -> None:
    with torch.device("meta"), pytest.raises(InputError, match=said):
        registry.build(description, "a.pt")
