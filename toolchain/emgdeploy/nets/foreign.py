"""Files that are programs, or of other tools: refused, each with the one line that makes of it what can be read.

To load them means to run what is in them, which is for those to do who know where the file comes from.
"""

from __future__ import annotations

import io
import re
import shlex
import zipfile
from pathlib import Path

from emgdeploy.errors import InputError

_STATE = (
    "import sys, torch; c = torch.load(sys.argv[1], 'cpu', weights_only=False); "
    "c = next((c[k] for k in ('state_dict', 'model_state_dict', 'model') if k in c), c) if isinstance(c, dict) else c; "
    "torch.save(getattr(c, 'state_dict', lambda: c)(), sys.argv[2])"
)
_SCRIPT = (
    "import sys, torch; m = torch.jit.load(sys.argv[1], 'cpu').eval(); "
    "torch.onnx.export(m, torch.zeros(1, *map(int, sys.argv[3:])), sys.argv[2], dynamo=False)"
)
_EXPORTED = (
    "import sys, torch; p = torch.export.load(sys.argv[1]); "
    "torch.onnx.export(p, (), sys.argv[2], dynamo=True, external_data=False)"
)
_SAFETENSORS = (
    "import sys, torch; from safetensors.torch import load_file; "
    "torch.save(load_file(sys.argv[1]), sys.argv[2])"
)
_INT8 = (
    "c.optimizations = [tf.lite.Optimize.DEFAULT]; "
    "x = np.load(sys.argv[3])['x'].astype('float32'); c.representative_dataset = lambda: ([w[None]] for w in x); "
    "c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]; "
    "c.inference_input_type = c.inference_output_type = tf.int8; open(sys.argv[2], 'wb').write(c.convert())"
)
_KERAS = (
    "import sys, numpy as np, tensorflow as tf; "
    f"c = tf.lite.TFLiteConverter.from_keras_model(tf.keras.models.load_model(sys.argv[1])); {_INT8}"
)
_SAVED_MODEL = (
    "import sys, numpy as np, tensorflow as tf; "
    f"c = tf.lite.TFLiteConverter.from_saved_model(sys.argv[1]); {_INT8}"
)
_TRUSTED = "if you trust where it comes from: "


def refuse(path: Path) -> None:
    """Raise InputError for a file or folder that shows itself to be of another tool."""
    error = _refusal(path)
    if error is not None:
        raise error


def _refusal(path: Path) -> InputError | None:
    suffix, name = path.suffix.lower(), str(path)
    if suffix in (".keras", ".h5", ".hdf5"):
        return _of_keras(name, "a Keras model", _KERAS)
    if path.is_dir() and (path / "saved_model.pb").is_file():
        return _of_keras(name, "a TensorFlow SavedModel", _SAVED_MODEL)
    if suffix == ".pt2":
        return exported_program(name)
    if suffix == ".safetensors":
        return InputError(
            f"{name}: these are weights alone, in the format safetensors",
            f"{_line(_SAFETENSORS, name, 'weights.pt')}, then --model weights.pt --network module:function",
        )
    return None


def exported_program(source: str) -> InputError:
    """Of torch.export: its reader unpickles parts of the file without limits."""
    return InputError(
        f"{source}: this is a program that torch.export wrote; reading it may run code, so nothing of it was read",
        f"{_TRUSTED}{_line(_EXPORTED, source, 'model.onnx')}, then --model model.onnx",
    )


def torchscript(source: str) -> InputError:
    """A program, whose weights come out by running it."""
    return InputError(
        f"{source}: this is a TorchScript program, not weights; nothing of it was run",
        f"{_TRUSTED}{_line(_SCRIPT, source, 'model.onnx')} C H W (the sizes of a window), then --model model.onnx",
    )


def unpicklable(source: str, wanted: str) -> InputError:
    """A whole pickled module, or a checkpoint with objects of the training script beside its weights."""
    return InputError(
        f"{source}: this is not plain weights, it asks to run {wanted:.80}; nothing of it was run",
        f"{_TRUSTED}{_line(_STATE, source, 'weights.pt')}, then --model weights.pt --network module:function",
    )


def unreadable(content: bytes, error: Exception, source: str) -> InputError:
    """Why PyTorch's restricted reader would not have this file."""
    wanted = re.search(r"GLOBAL ([\w.]+)", str(error))
    if wanted:
        return unpicklable(source, wanted[1])
    if "TorchScript" in str(error):
        return torchscript(source)
    if any(name.endswith("/models/model.json") for name in _members(content)):
        return exported_program(source)
    return InputError(
        f"{source}: this is no PyTorch checkpoint, or it is cut off or damaged", "copy or download it again"
    )


def _members(content: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, UnicodeError, NotImplementedError):
        return []


def _of_keras(name: str, what: str, code: str) -> InputError:
    return InputError(
        f"{name}: {what} may run code when it is read, so nothing of it was read",
        f"{_TRUSTED}{_line(code, name, 'model.tflite')} windows.npz (with windows x of the model's own shape), then --model model.tflite",
    )


def _line(code: str, *arguments: str) -> str:
    """A command for the shell; the code itself holds neither double quotes nor dollars."""
    return f'python -c "{code}" {" ".join(map(shlex.quote, arguments))}'
