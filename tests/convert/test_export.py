"""PyTorch to ONNX: the same bytes each time, and one sentence where it cannot be done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from emgdeploy.convert import export, onnxrun
from emgdeploy.errors import InputError

torch = pytest.importorskip("torch")


def network() -> Any:
    """A convolution, a pool and a classifier with fixed weights."""
    torch.manual_seed(3)
    layers = (
        torch.nn.Conv2d(1, 4, 3, padding=1),
        torch.nn.PReLU(4),
        torch.nn.BatchNorm2d(4),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(4 * 2 * 3, 5),
    )
    return torch.nn.Sequential(*layers).eval()


def test_the_export_answers_as_the_network_does() -> None:
    net = network()
    x = np.random.default_rng(0).normal(size=(4, 1, 4, 6)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(x)).numpy()
    found = onnxrun.run(export.export(net, (1, 4, 6), "net"), x, "net")
    assert float(np.abs(found - expected).max()) < 1e-5


def test_two_exports_are_the_same_bytes_without_notes_on_where_they_were_made(
    capfd: pytest.CaptureFixture[str],
) -> None:
    first, second = (export.export(network(), (1, 4, 6), "net").data for _ in range(2))
    assert first == second
    assert b".py" not in first
    assert capfd.readouterr() == ("", "")


def test_a_window_that_the_network_does_not_take_is_bad_input() -> None:
    with pytest.raises(InputError, match="does not run on a window of shape"):
        export.export(network(), (1, 9, 9), "net.pt")


def test_the_newer_exporter_stands_in_where_tracing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def refuse(*args: object, **options: object) -> None:
        asked.append(bool(options["dynamo"]))
        raise RuntimeError("cannot trace this")

    monkeypatch.setattr(torch.onnx, "export", refuse)
    with pytest.raises(InputError, match="cannot trace this"):
        export.export(network(), (1, 4, 6), "net.pt")
    assert asked == [False, True]
