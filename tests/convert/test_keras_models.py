"""Networks straight from TensorFlow's converter: exact, or refused in a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from support.machines.native_model import SANITIZE
from support.machines.proof import prove
from support.models.keras_zoo import keras_tflite

QUICK = (*SANITIZE, "-O0")


@pytest.mark.parametrize(
    ("name", "form"),
    [("gated series", "16x8"), ("branches", "uint8 ends"), ("compared", "float ends")],
)
def test_a_network_with_an_open_batch_is_exact(name: str, form: str, tmp_path: Path) -> None:
    assert prove(keras_tflite(name, form), tmp_path, flags=QUICK).distinct_outputs > 4


@pytest.mark.parametrize(
    ("form", "words"),
    [("dynamic range", "computes on float32"), ("float16", "elements of float16")],
)
def test_what_is_not_quantized_is_refused_with_a_way_out(form: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_tflite(keras_tflite("autoencoder", form))
    assert "int8" in caught.value.hint.lower() or "int8" in caught.value.hint


def test_a_fixed_batch_of_several_is_refused() -> None:
    with pytest.raises(InputError, match="the batch must be 1"):
        read_tflite(keras_tflite("autoencoder", batch=4))
