"""The reference interpreter: what every generated program must reproduce bit for bit.

TFLite's *reference* kernels are the truth (op resolver BUILTIN_REF, no delegate): the optimised
kernels and XNNPACK round differently on some models. ai-edge-litert is preferred, because it is
small and needs no TensorFlow; TensorFlow's own interpreter has the same kernels and stands in.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import math
import struct
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite as schema
from numpy.typing import NDArray

from emgdeploy import optional
from emgdeploy.convert import packages
from emgdeploy.errors import InputError, ToolMissingError

_HINT = "use a .tflite as a converter wrote it; if it was copied, copy it again"
_IDENTIFIER = b"TFL3"
# Of an OperatorCode, where its version's place stands in the list of fields.
_VERSION_SLOT = 8
_NEWEST_TILE = 2
# A microcontroller's model is far smaller; a file asking for more than this is damaged or hostile.
_MAX_TENSOR_BYTES = 1 << 30


@dataclass(frozen=True)
class TensorDetails:
    """One tensor of the model. `shape` holds the batch axis; scale is 0.0 where it is not quantized."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int


class Reference:
    """A .tflite loaded into the reference interpreter.

    `keep_tensors` keeps every intermediate tensor after a run, which `tensors` needs; `run` is the
    same with and without. Raises InputError when the bytes are no usable model of one input and
    one output, ToolMissingError when neither interpreter package is installed.
    """

    def __init__(self, tflite: bytes, keep_tensors: bool = True) -> None:
        _check_header(tflite)
        self._interpreter, self.version = _open(tflite, keep_tensors)
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise InputError(
                f"the model has {len(inputs)} inputs and {len(outputs)} outputs, one of each is supported",
                "export the network with one input tensor and one output tensor",
            )
        self.input = _details(inputs[0])
        self.output = _details(outputs[0])
        self._keeps_tensors = keep_tensors

    def run(self, x: NDArray[Any]) -> NDArray[Any]:
        """Outputs (N, *output shape without batch) for windows x (N, *input shape without batch).

        x has the input tensor's dtype and layout. Raises InputError when it has not.
        """
        self._check_windows(x)
        y = np.empty((len(x), *self.output.shape[1:]), self.output.dtype)
        for i, window in enumerate(x):
            self._invoke(window)
            y[i] = self._interpreter.get_tensor(self.output.index)[0]
        return y

    def tensors(self, window: NDArray[Any]) -> dict[int, NDArray[Any]]:
        """Every tensor by its index in the .tflite after one window (*input shape without batch).

        Constants are among them. Tensors the interpreter holds no memory for are left out.
        """
        if not self._keeps_tensors:
            raise ValueError("this Reference was opened with keep_tensors=False")
        self._check_windows(window[np.newaxis])
        self._invoke(window)
        found: dict[int, NDArray[Any]] = {}
        for details in self._interpreter.get_tensor_details():
            index = int(details["index"])
            try:
                found[index] = np.array(self._interpreter.get_tensor(index))
            except ValueError:  # optional tensors and the interpreter's own temporaries
                continue
        return found

    def _check_windows(self, x: NDArray[Any]) -> None:
        wanted = self.input.shape[1:]
        if x.shape[1:] != wanted or x.dtype != self.input.dtype:
            raise InputError(
                f"windows are {x.dtype} of shape {x.shape[1:]}, the model takes {self.input.dtype} of shape {wanted}",
                "quantize the windows for this model first",
            )

    def _invoke(self, window: NDArray[Any]) -> None:
        # Each window begins anew: an LSTM would go on from where the last window left it.
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(self.input.index, window[np.newaxis])
        try:
            self._interpreter.invoke()
        except (RuntimeError, ValueError, MemoryError) as error:
            raise InputError(f"the model cannot be run: {_one_line(error)}", _HINT) from None


def evaluate(tflite: bytes, values: NDArray[Any]) -> NDArray[Any]:
    """What a .tflite of one input and one output makes of its input's values, in any shape.

    Raises InputError where the reference cannot run it, ToolMissingError without an interpreter.
    """
    interpreter, _ = _open(tflite, keep_tensors=False)
    given, made = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    try:
        interpreter.set_tensor(given["index"], values.reshape(given["shape"]))
        interpreter.invoke()
    except (RuntimeError, ValueError, MemoryError) as error:
        raise InputError(f"the model cannot be run: {_one_line(error)}", _HINT) from None
    return np.array(interpreter.get_tensor(made["index"]))


def version() -> str:
    """Package name and version of the interpreter that `Reference` uses, e.g. "ai-edge-litert 2.3.0"."""
    return _engine()[1]


def _engine() -> tuple[Any, str]:
    """The module that holds Interpreter and OpResolverType, and its name with version."""
    try:
        module = importlib.import_module("ai_edge_litert.interpreter")
        return module, f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}"
    except ImportError:
        pass
    try:
        packages.tensorflow()
    except ToolMissingError:
        raise ToolMissingError(
            "the reference interpreter is not installed (Python package ai-edge-litert)",
            optional.install_line("reference"),
        ) from None
    module = importlib.import_module("tensorflow.lite.python.interpreter")
    return module, f"tensorflow {importlib.metadata.version('tensorflow')}"


def _open(tflite: bytes, keep_tensors: bool) -> tuple[Any, str]:
    module, name = _engine()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TensorFlow's asks to use ai-edge-litert instead
            interpreter = module.Interpreter(
                model_content=_known_versions(tflite),
                num_threads=1,
                experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF,
                experimental_preserve_all_tensors=keep_tensors,
            )
        _check_sizes(interpreter)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError, MemoryError) as error:
        raise InputError(f"the model cannot be loaded: {_one_line(error)}", _HINT) from None
    return interpreter, name


def _known_versions(data: bytes) -> bytes:
    """The file with TILE of the version that the reference registers.

    TensorFlow writes TILE of int8 as version 3. The reference registers 2 at most; its kernel moves elements of any
    size. Source: kernels/register_ref.cc and kernels/tile.cc of google-ai-edge/LiteRT.
    """
    changed = bytearray(data)
    with suppress(IndexError, struct.error, TypeError, ValueError):  # damage is the interpreter's to name
        model = schema.Model.GetRootAs(data, 0)
        for code in map(model.OperatorCodes, range(model.OperatorCodesLength())):
            place = code._tab.Offset(_VERSION_SLOT)
            if code.BuiltinCode() == schema.BuiltinOperator.TILE and code.Version() > _NEWEST_TILE and place:
                struct.pack_into("<i", changed, code._tab.Pos + place, _NEWEST_TILE)
    return bytes(changed)


def _check_header(tflite: bytes) -> None:
    if len(tflite) < 8 or tflite[4:8] != _IDENTIFIER:
        raise InputError("the model is not a .tflite file (its identifier TFL3 is missing)", _HINT)


def _check_sizes(interpreter: Any) -> None:
    """Refuse shapes that no board could hold before memory is asked for them."""
    total = 0
    for details in interpreter.get_tensor_details():
        shape = [int(size) for size in details["shape"]]
        if any(size < 0 for size in shape):
            raise InputError(f"tensor {details['index']} has a negative size in its shape {shape}", _HINT)
        total += math.prod(shape) * 8
    if total > _MAX_TENSOR_BYTES:
        raise InputError(f"the model's tensors ask for {total} bytes", "deploy a smaller network")


def _details(raw: dict[str, Any]) -> TensorDetails:
    scale, zero_point = raw["quantization"]
    return TensorDetails(
        index=int(raw["index"]),
        name=str(raw["name"]),
        shape=tuple(int(size) for size in raw["shape"]),
        dtype=np.dtype(raw["dtype"]),
        scale=float(scale),
        zero_point=int(zero_point),
    )


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
