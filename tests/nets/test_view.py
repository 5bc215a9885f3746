"""The network as the device computes it: folded, rounded, with scales that are learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets import folding, view
from emgdeploy.nets.checkpoint import load_checkpoint, save_checkpoint
from emgdeploy.nets.folding import Affine, Folded, Layer, Norm
from emgdeploy.nets.ranges import Range, covering, with_scale
from emgdeploy.nets.train import TrainSettings, fit
from support.models.networks import IMAGE, RING, saved, settled

NETWORKS = [
    ("mobilenetv2", IMAGE, 0.2),
    ("mobilenetv1", IMAGE, 0.1),
    ("m5", (2, 8, 16), 1.0),
    ("effie", RING, 1.0),
    ("bandnet", RING, 0.5),
    ("bandnet-small", RING, 0.5),
]


def windows(shape: tuple[int, ...], count: int = 40) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, *shape)).astype(np.float32)


def test_both_ends_of_a_range_give_its_scale_back() -> None:
    rng = np.random.default_rng(5)
    for low, high in rng.normal(size=(500, 2)) * np.exp(rng.normal(size=(500, 1)) * 5):
        found = covering(low, high)
        ends = np.float32(found.low), np.float32(found.high)
        assert (float(ends[0]), float(ends[1])) == (found.low, found.high)
        assert (float(ends[1]) - float(ends[0])) / 255 == found.scale == float(np.float32(found.scale))
        assert found.low <= 0 <= found.high and -128 <= found.zero_point <= 127
        step = 1.001 * found.scale
        assert found.low - step < min(low, 0) and max(high, 0) < found.high + step


def test_a_tensor_that_never_moves_has_a_range() -> None:
    assert covering(0.0, 0.0).scale > 0


@pytest.mark.parametrize("kind", ["conv", "depthwise", "sequence", "linear"])
def test_a_folded_layer_is_its_layer_and_batch_norm(kind: str) -> None:
    """With weights that are steps of int8 already: each filter's largest is 1, the others 127ths of it."""
    torch.manual_seed(2)
    cases: dict[str, tuple[Layer, Norm, tuple[int, ...]]] = {
        "conv": (nn.Conv2d(4, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), (5, 4, 7, 9)),
        "depthwise": (nn.Conv2d(4, 4, 3, groups=4, bias=False), nn.BatchNorm2d(4), (5, 4, 7, 9)),
        "sequence": (nn.Conv1d(4, 6, 3, dilation=2), nn.BatchNorm1d(6), (5, 4, 30)),
        "linear": (nn.Linear(4, 6), nn.BatchNorm1d(6), (5, 4)),
    }
    layer, norm, shape = cases[kind]
    steps = torch.randint(-126, 127, tuple(layer.weight.shape)).float()
    steps.flatten(1)[:, 0] = 127
    layer.weight.data = steps / 127
    for name, tensor in norm.state_dict().items():
        if name in ("weight", "running_var"):
            tensor.uniform_(0.5, 2)
        elif name in ("bias", "running_mean"):
            tensor.normal_()
    x = torch.randn(shape)
    both = nn.Sequential(layer, norm).eval()
    for module in (Folded(layer, norm).eval(), nn.Sequential(Folded(layer, None), Affine(norm)).eval()):
        torch.testing.assert_close(module(x), both(x), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(module.train()(x), both(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "shape", "width"), NETWORKS)
def test_a_view_is_its_network_but_for_rounding_and_trains_it(
    name: str, shape: tuple[int, int, int], width: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = settled(name, shape, width)
    x = windows(shape)
    exact = network(torch.from_numpy(x))
    module = view.begin(network, x)
    assert (module(torch.from_numpy(x)) - exact).abs().max() > 1e-3 * exact.std()
    with monkeypatch.context() as patched:
        patched.setattr(folding, "_on_steps", lambda weight, training: weight)
        unrounded = view.without_ranges(module)(torch.from_numpy(x))
    torch.testing.assert_close(unrounded, exact, rtol=1e-4, atol=1e-4 * float(exact.detach().std()))
    inner = {id(p) for p in network.parameters()}
    outer = {id(p): p for p in module.parameters()}
    assert inner <= outer.keys()
    module.train()
    module(torch.from_numpy(x)).pow(2).sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in outer.values())


def test_training_a_view_learns_ranges_and_leaves_statistics() -> None:
    network = settled("effie", RING, 1.0)
    x, y = windows(RING), np.arange(40) % 5
    module = view.begin(network, x)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    started = view.learned(module)
    fit(module, x, y.astype(np.int64), TrainSettings(epochs=2, batch_size=10))
    after = network.state_dict()
    for key, value in before.items():
        statistic = "running" in key or "tracked" in key
        assert torch.equal(after[key], value) == statistic, key
    found = view.learned(module)
    assert found.keys() == started.keys()
    assert all(found[k].scale != started[k].scale for k in found)
    assert {k: r.zero_point for k, r in found.items()} == {k: r.zero_point for k, r in started.items()}
    again = view.view(network, found, "x")
    assert torch.equal(again(torch.from_numpy(x)), module(torch.from_numpy(x)))


@pytest.mark.parametrize("name", ["bandnet", "bandnet-small"])
def test_a_view_in_training_drops_nothing(name: str) -> None:
    network = settled(name, RING, 0.5)
    assert any(isinstance(layer, nn.Dropout2d) for layer in network.modules())
    x = windows(RING)
    module = view.begin(network, x).train()
    first, second = module(torch.from_numpy(x)), module(torch.from_numpy(x))
    assert torch.equal(first, second)


def test_only_weights_are_rounded_without_ranges() -> None:
    network = settled("bandnet-small", RING, 0.5)
    x = windows(RING)
    module = view.begin(network, x)
    plain = view.without_ranges(module)
    assert view.learned(plain) == {}
    given = torch.from_numpy(x)
    assert not torch.equal(plain(given), module(given))
    narrow = view.view(network, {k: with_scale(1e-9, 0) for k in view.learned(module)}, "x")
    assert torch.equal(view.without_ranges(narrow)(given), plain(given))


def test_the_gradient_passes_where_nothing_is_clipped() -> None:
    rounding = view.Rounding(Range(0.5, 0)).train()
    x = torch.tensor([0.3, -0.2, 63.8, -64.3], requires_grad=True)
    y = rounding(x)
    assert y.tolist() == [0.5, 0.0, 63.5, -64.0]
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 1.0, 0.0, 0.0]
    # What the scale's logarithm changes: rounding errors inside, the end itself where clipped.
    assert rounding.growth.grad is not None
    assert float(rounding.growth.grad) == pytest.approx(0.2 + 0.2 + 63.5 - 64.0, abs=1e-5)
    assert rounding.eval()(x).tolist() == y.tolist()


class Undecided(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


def test_a_forward_that_depends_on_numbers_cannot_be_followed() -> None:
    with pytest.raises(UsageError, match="cannot be followed for --qat") as caught:
        view.begin(Undecided(), windows(RING))
    assert "\n" not in caught.value.message


def test_a_checkpoint_brings_its_ranges_back(tmp_path: Path) -> None:
    network = settled("m5", RING, 1.0)
    ranges = view.learned(view.begin(network, windows(RING)))
    plain = load_checkpoint(saved(network, RING, tmp_path / "a.pt"))
    assert plain.ranges is None and plain.preprocess is not None
    save_checkpoint(tmp_path / "b.pt", network, tuple("abcde"), plain.preprocess, {}, ranges)
    loaded = load_checkpoint(tmp_path / "b.pt")
    assert loaded.ranges == ranges
    view.view(loaded.network, ranges, "b.pt")
    with pytest.raises(InputError, match=r"b\.pt: its int8 ranges are not those of its network"):
        view.view(loaded.network, dict(list(ranges.items())[1:]), "b.pt")


@pytest.mark.parametrize(
    "ranges", [[], {"x": [1.0]}, {"x": [0.0, 0]}, {"x": [1.0, 128]}, {"x": [float("nan"), 0]}, {"x": "ab"}]
)
def test_ranges_that_are_none_are_refused(ranges: object, tmp_path: Path) -> None:
    path = saved(settled("m5", RING, 1.0), RING, tmp_path / "a.pt")
    fields = torch.load(path, weights_only=True)
    torch.save({**fields, "ranges": ranges}, path)
    with pytest.raises(InputError, match="its int8 ranges are no scales and zero points"):
        load_checkpoint(path)
