"""Whole transformers of PyTorch: converted, and exact in C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emgdeploy.convert.pipeline import Conversion, convert_model
from support.machines.proof import prove

WIDTH, TOKENS, CHANNELS = 16, 6, 8
Made = tuple[Conversion, bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A class token, learned positions, encoder layers behind and before their norms, the second with a mask."""
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = nn.Conv1d(CHANNELS, WIDTH, 10, stride=10)
            self.token = nn.Parameter(torch.randn(1, 1, WIDTH))
            self.positions = nn.Parameter(torch.randn(1, TOKENS + 1, WIDTH))
            layer: dict[str, Any] = {"nhead": 4, "dim_feedforward": 32, "batch_first": True}
            self.plain = nn.TransformerEncoderLayer(WIDTH, **layer)
            self.causal = nn.TransformerEncoderLayer(WIDTH, **layer, activation="gelu", norm_first=True)
            self.head = nn.Linear(WIDTH, 5)

        def forward(self, x: Any) -> Any:
            tokens = self.patches(x.squeeze(1)).transpose(1, 2)
            tokens = torch.cat([self.token.expand(x.shape[0], -1, -1), tokens], 1) + self.positions
            mask = nn.Transformer.generate_square_subsequent_mask(TOKENS + 1)
            return self.head(self.causal(self.plain(tokens), src_mask=mask, is_causal=True).mean(1))

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("transformer")
    example = torch.randn(1, 1, CHANNELS, 10 * TOKENS)
    torch.onnx.export(Network().eval(), (example,), folder / "net.onnx", opset_version=17, dynamo=False)
    x = np.random.default_rng(0).normal(size=(60, *example.shape[1:])).astype(np.float32)
    conversion = convert_model(folder / "net.onnx", folder, calibration=x)
    return conversion, conversion.tflite.read_bytes()


def test_int8_loses_less_than_a_tenth_of_the_spread(made: Made) -> None:
    error = made[0].ledger[-1].logits_error
    assert error is not None and error < 0.1


def test_its_norms_are_named(made: Made) -> None:
    named = {one.layer for one in made[0].functions if not one.tabled}
    assert named == {"plain.norm1", "plain.norm2", "causal.norm1", "causal.norm2"}


@pytest.mark.parametrize("isa", ["portable", "dsp"])
def test_every_tensor_equals_the_reference(made: Made, isa: str, tmp_path: Path) -> None:
    proof = prove(made[1], tmp_path, flags=("-O2",), isa=isa)
    assert proof.distinct_outputs > 1
    assert [layer.op for layer in proof.generated.layers].count("FLOAT_ROWS") == 4
