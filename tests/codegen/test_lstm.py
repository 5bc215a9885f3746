"""LSTM layers against the reference: every input of their gates, every size, any number of steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.reference import Reference
from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from support.machines.proof import known_answer, prove, windows_of
from support.models.fused_lstm import FORMS, fused_lstm
from support.models.maker import Maker
from support.random_models.random_recurrent import Gates, lstm, lstm_layer

_EVERY = 256


@pytest.mark.parametrize("cell_bits", [0, 2, 6])
def test_gates_equal_the_reference_for_every_input(cell_bits: int, tmp_path: Path) -> None:
    """Unit u at input x has the sum 256 * u + x in each gate, so that all 65,536 come up."""
    m = Maker(3)
    image = m.quantized((1, _EVERY, 1), 1 / 64, 0)
    exact = Gates(
        1 / 64, np.ones((_EVERY, 1), np.int8), np.arange(_EVERY, dtype=np.int32) * 256 - 2**15 + 128
    )
    out = lstm_layer(m, image, _EVERY, True, (exact,) * 4, cell_scale=2.0 ** (cell_bits - 15))
    x = np.arange(-128, 128, dtype=np.int8).reshape(1, _EVERY, 1)
    tflite = m.writer.finish([image.index], [out.index])
    proof = prove(tflite, tmp_path, x, flags=("-O1",))
    assert proof.generated.output.shape == (1, _EVERY, _EVERY)


@pytest.mark.parametrize("cell_bits", [1, 4, 5, 6])
def test_a_cell_equals_the_reference_up_to_its_ends(cell_bits: int, tmp_path: Path) -> None:
    """Three gates stay open, so that each step adds its tanh: from 1 down to -1 by unit."""
    m, units = Maker(4), 40
    image = m.quantized((1, 2**cell_bits + 6, 1), 1 / 64, 0)
    weights, open_ = np.zeros((units, 1), np.int8), np.full(units, 2**15 - 1, np.int32)
    gate = Gates(1 / 64, weights, open_)
    added = Gates(1 / 64, weights, np.linspace(2**15 - 1, -(2**15), units).astype(np.int32))
    out = lstm_layer(m, image, units, False, (gate, gate, added, gate), 2.0 ** (cell_bits - 15))
    x = np.zeros((1, *image.shape[1:]), np.int8)
    assert prove(m.writer.finish([image.index], [out.index]), tmp_path, x).windows == 1


@pytest.mark.parametrize("seed", range(6))
def test_layers_of_any_form_equal_the_reference(seed: int, tmp_path: Path) -> None:
    m = Maker(seed)
    image = m.value((1, m.number(1, 12), m.number(1, 9)))
    out = lstm(m, lstm(m, image))
    assert prove(m.writer.finish([image.index], [out.index]), tmp_path).windows == 8


@pytest.mark.parametrize("form", FORMS)
def test_what_the_converter_makes_of_keras_layers_equals_the_reference(form: str, tmp_path: Path) -> None:
    tflite = fused_lstm(form)
    kinds = [kind.name for kind in read_tflite(tflite).file_ops]
    assert kinds.count("UNIDIRECTIONAL_SEQUENCE_LSTM") == (2 if form in ("stacked", "bidirectional") else 1)
    assert ("REVERSE_V2" in kinds) == (form in ("backward", "bidirectional"))
    assert prove(tflite, tmp_path).windows == 8


def _steps(count: int) -> bytes:
    m = Maker(1)
    image = m.value((1, count, 4))
    return m.writer.finish([image.index], [lstm_layer(m, image, 64).index])


def test_code_and_constants_do_not_grow_with_the_steps() -> None:
    few, many = (
        generate(read_tflite(data), CodegenOptions(known_answer(data))) for data in (_steps(6), _steps(60))
    )
    assert few.weights_bytes == many.weights_bytes == 4 * 64 * (4 + 64)
    assert few.params_bytes == many.params_bytes
    assert few.runtime_sources == many.runtime_sources
    assert many.macs == 10 * few.macs


def test_each_window_starts_from_a_state_of_zeros() -> None:
    data = _steps(5)
    reference = Reference(data)
    x = windows_of(reference, 2, "random")
    assert np.array_equal(reference.run(x[[0, 1, 0]])[2], reference.run(x[:1])[0])


def test_a_cell_whose_scale_is_no_power_of_two_is_refused() -> None:
    m = Maker(1)
    image = m.value((1, 5, 4))
    data = m.writer.finish([image.index], [lstm_layer(m, image, 3, cell_scale=0.001).index])
    with pytest.raises(InputError, match=r"LSTM.*cell of scale 0\.001"):
        read_tflite(data)
