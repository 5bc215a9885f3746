"""What the fits check promises: the width that it names is built and fits, within the bounds it reckoned with.

`make test-long-fits` takes about five minutes: two conversions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emgdeploy.boards import load_board
from emgdeploy.deploy.advice import fitting_width
from emgdeploy.firmware.memory_budget import CODE_ALLOWANCE
from emgdeploy.nets.footprint import footprint
from emgdeploy.nets.mobilenetv2 import MobileNetV2, MobileNetV2Config, expansion_of
from support.commands.command import Cli

pytestmark = pytest.mark.long


def _saved(width: float, folder: Path) -> tuple[MobileNetV2, Path]:
    """An untrained network, and its bare state dict in a file."""
    import torch

    torch.manual_seed(0)
    network = MobileNetV2(MobileNetV2Config(8, expansion=expansion_of(width)))
    torch.save(network.state_dict(), folder / f"{width:g}.pt")
    return network, folder / f"{width:g}.pt"


@pytest.mark.parametrize("width", [1.0, 0.7])
def test_what_is_too_wide_is_refused_with_the_width_that_fits(width: float, cli: Cli, tmp_path: Path) -> None:
    network, path = _saved(width, tmp_path)
    assert fitting_width(load_board("spresense"), "nuttx", network) == 0.4
    done = cli("build", "--board", "spresense", "--model", path, "--out", tmp_path / "b")
    done.fails(5, "bytes too small", "fullest in the layer layers.2.conv2")
    assert "width 0.4 fits" in done.err.splitlines()[-1]
    print(done.err)


@pytest.mark.parametrize("width", [0.4, 0.2])
def test_the_width_that_is_named_fits(width: float, cli: Cli, tmp_path: Path) -> None:
    network, path = _saved(width, tmp_path)
    done = cli(
        *("build", "--board", "spresense", "--model", path, "--out", tmp_path / "b", "--json"), timeout=1200
    )
    done.succeeds()
    made = json.loads(done.out)
    bounds = footprint(network, network.input_shape)
    constants = made["weights_bytes"] + made["params_bytes"]
    others = made["ram_bytes"] - constants - made["arena_bytes"]
    print(f"width {width:g}: constants {bounds.weights:,} <= {constants:,} <= {bounds.most_constants:,}, ")
    print(f"arena {made['arena_bytes']:,} <= {bounds.most_arena:,}, code and the rest {others:,}")
    assert bounds.weights <= constants <= bounds.most_constants
    assert made["arena_bytes"] <= bounds.most_arena and others <= CODE_ALLOWANCE
    assert made["fits"] is True
