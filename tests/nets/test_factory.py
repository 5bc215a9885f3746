"""A user's own network: imported when named, from where they stand, and each failure is one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from emgdeploy.errors import EmgDeployError, InputError, UsageError
from emgdeploy.nets import factory, registry
from emgdeploy.nets.checkpoint import load_checkpoint, save_checkpoint
from emgdeploy.nets.rehearsal import rehearse
from emgdeploy.signals import Preprocess
from support.models import own_net

SHAPE = (1, 4, 6)
SOURCE = """
import torch
from torch import nn
from support.models.own_net import OwnNet

class Sized(nn.Module):
    def __init__(self, input_shape, classes):
        super().__init__()
        self.input_shape, self.fc = input_shape, nn.Linear(24, classes)
    def forward(self, x):
        return self.fc(x.flatten(1))

class Pair(OwnNet):
    def forward(self, x):
        return super().forward(x), x

class OneByOne(OwnNet):
    def forward(self, x):
        return super().forward(x.reshape(1, 1, 4, 6))

class Mixing(OwnNet):
    def forward(self, x):
        y = super().forward(x)
        return y - y.mean(0, keepdim=True) if len(y) > 1 else y

class Failing(OwnNet):
    def forward(self, x):
        raise KeyError("scale")

class Sequence(OwnNet):
    input_shape = (4, 6)

def sized(input_shape, classes): return Sized(input_shape, classes)
def silent(): return nn.Sequential(nn.Flatten(), nn.Linear(24, 3))
def keyword(*, num_classes=7): return OwnNet(num_classes)
def anything(**settings): return Sized(**settings)
def needs(config): return OwnNet()
def raises(): raise FileNotFoundError("config.yaml")
def leaves(): raise SystemExit(2)
def pair(): return OwnNet(), 3
def text(): return "net"
ready = OwnNet()
number = 3
"""
WORKS = ("sized", "Sized", "silent", "keyword", "anything", "ready")
FAILS = {
    "needs": "its parameter config has no default",
    "raises": "raised FileNotFoundError: config.yaml",
    "leaves": "raised SystemExit: 2",
    "pair": "gives a tuple",
    "text": "gives a str",
    "number": "has no function number",
    "absent": "has no function absent",
    "Pair": "gives a tuple of 2, not one tensor of logits",
    "OneByOne": "one window at a time",
    "Mixing": "one window at a time",
    "Failing": "scale",
    "Sequence": "its input_shape is (4, 6)",
    "ready": "3 logits for a window, the data have 4 classes",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's module, in which they stand."""
    (tmp_path / "own_networks.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "own_networks", raising=False)
    return tmp_path


@pytest.mark.parametrize("name", WORKS)
def test_every_way_to_make_a_network(name: str, here: Path) -> None:
    classes = 3 if name in ("silent", "ready") else 4
    before = list(sys.path)
    network = registry.new(f"own_networks:{name}", SHAPE, classes, 1.0)
    assert sys.path == before
    rehearse(network, SHAPE, classes, name)
    assert network(torch.zeros(2, *SHAPE)).shape == (2, classes)
    assert network.input_shape == SHAPE


@pytest.mark.parametrize("name", FAILS)
def test_every_failure_is_one_sentence(name: str, here: Path) -> None:
    with pytest.raises(EmgDeployError) as caught:
        rehearse(registry.new(f"own_networks:{name}", SHAPE, 4, 1.0), SHAPE, 4, name)
    assert FAILS[name] in caught.value.message
    assert "\n" not in caught.value.message
    assert name in caught.value.message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:net", "there is no module no_such_module"),
        ("own_networks.inner:net", "there is no module own_networks.inner"),
        ("broken:net", "raised SyntaxError"),
        ("needy:net", "raised ModuleNotFoundError: No module named 'not_there'"),
        ("a b:c", "not of the form"),
        ("x:y:z", "not of the form"),
        (f"{'a' * 300}:b", "not of the form"),
    ],
)
def test_a_module_that_cannot_be_imported(name: str, said: str, here: Path) -> None:
    (here / "broken.py").write_text("def net(:\n")
    (here / "needy.py").write_text("import not_there\n")
    with pytest.raises(UsageError) as caught:
        factory.make(name, {})
    assert said in caught.value.message
    assert "\n" not in caught.value.message


def test_weights_alone_do_not_say_what_a_function_without_defaults_needs(here: Path) -> None:
    with pytest.raises(UsageError) as caught:
        factory.make("own_networks:Sized", {})
    assert "give its parameters defaults" in caught.value.hint


def test_a_checkpoint_remembers_the_name_and_imports_nothing(here: Path) -> None:
    how = Preprocess(1000.0, (4, 6), tuple(range(24)), 100.0, 50.0)
    save_checkpoint(Path("a.pt"), own_net.trained(), ("a", "b", "c"), how, {}, factory="own_networks:keyword")
    with pytest.raises(InputError) as caught:
        load_checkpoint(Path("a.pt"))
    assert "own_networks:keyword" in caught.value.message
    assert caught.value.missing_option == ("--network", "own_networks:keyword")
    assert "own_networks" not in sys.modules
    loaded = load_checkpoint(Path("a.pt"), "own_networks:keyword")
    assert (loaded.name, loaded.labels) == ("own_networks:keyword", ("a", "b", "c"))


@pytest.mark.parametrize("remembered", ["os; system('x')", "a:b\nc", 3, None, "x" * 300 + ":y"])
def test_what_is_no_name_is_not_repeated(remembered: object, here: Path) -> None:
    torch.save(
        {
            "format": "emgdeploy.checkpoint/1",
            "network": {"name": "factory", "factory": remembered},
            "state_dict": own_net.trained().state_dict(),
        },
        "a.pt",
    )
    with pytest.raises(InputError) as caught:
        load_checkpoint(Path("a.pt"))
    assert caught.value.missing_option == ()
    assert caught.value.hint == "add --network module:function"


def test_the_name_of_one_of_our_networks_is_held_against_the_files(tmp_path: Path) -> None:
    how = Preprocess(1000.0, (4, 6), tuple(range(24)), 100.0, 50.0)
    network = registry.new("bandnet-small", how.input_shape, 3, 0.1)
    save_checkpoint(tmp_path / "a.pt", network, ("a", "b", "c"), how, {})
    assert load_checkpoint(tmp_path / "a.pt", "bandnet-small").name == "bandnet"
    with pytest.raises(InputError, match="its network is bandnet, not m5"):
        load_checkpoint(tmp_path / "a.pt", "m5")
