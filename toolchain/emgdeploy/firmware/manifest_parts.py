"""The parts of a build's manifest, each with how it is read from JSON that may be hostile.

Every reader raises InputError naming the file and the entry.
"""

from __future__ import annotations

from dataclasses import dataclass

from emgdeploy.errors import InputError
from emgdeploy.firmware.json_fields import Fields

ADAPT = ("none", "head")
DTYPES = ("int8", "uint8", "int16", "int32", "float32")

_LARGEST_SIZE = 1 << 32


@dataclass(frozen=True)
class InputTensor:
    """The device's input buffer: `shape` without the batch, real = scale * (q - zero_point).

    layout: the order of `shape` in letters ("HWC"). A window of `window_shape`, which is the order of
    the model's own file, becomes the device's by numpy.transpose(window, window_axes).
    """

    shape: tuple[int, ...]
    dtype: str
    layout: str
    scale: float
    zero_point: int
    window_shape: tuple[int, ...]
    window_axes: tuple[int, ...]


@dataclass(frozen=True)
class OutputTensor:
    """The device's output buffer; labels None where the model brought none."""

    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int
    labels: tuple[str, ...] | None


@dataclass(frozen=True)
class LedgerEntry:
    """What one conversion stage changed: largest difference of logits, agreement and accuracy (0..1)."""

    stage: str
    max_abs_diff: float | None
    top1_agreement: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Ranges:
    """How int8 ranges were chosen: a method's name, or `learned` in training; on how many windows, and whether
    these were simulated."""

    method: str
    windows: int
    simulated: bool


@dataclass(frozen=True)
class Layer:
    """One step of the device's call sequence; sizes in bytes. kernel: the C function that it calls, "" in folders of
    versions that did not write it.

    constants_memory: the memory of the board that weights and parameters are read from, None where there are
    none. constants_ram_bytes: what they take of RAM because start-up copies them there.
    """

    index: int
    name: str
    op: str
    macs: int
    weights_bytes: int
    in_bytes: int
    out_bytes: int
    constants_memory: str | None
    constants_ram_bytes: int
    kernel: str = ""


@dataclass(frozen=True)
class Operator:
    """How often an operator stands in the model's file, and how many kernel calls are left of it."""

    op: str
    in_file: int
    on_device: int


@dataclass(frozen=True)
class ArenaBounds:
    """Peak of live tensors without overlap, and with every overlap an operator allows; bytes."""

    plain: int
    overlapped: int


@dataclass(frozen=True)
class MemoryUse:
    """What the image takes of one of the board's memories; bytes."""

    name: str
    used: int
    size: int


@dataclass(frozen=True)
class Adaptable:
    """what: `none` or `head`; layer: the name of the one whose constants can be replaced, and how many bytes."""

    what: str = "none"
    layer: str | None = None
    bytes: int = 0


NOTHING_ADAPTABLE = Adaptable()


def size(fields: Fields, key: str) -> int:
    return fields.integer(key, 0, _LARGEST_SIZE)


def hexadecimal(fields: Fields, key: str, length: int) -> str:
    value = fields.text(key)
    if len(value) != length or not set(value) <= set("0123456789abcdef"):
        raise InputError(f"{key} must be {length} hexadecimal digits", "build the folder again")
    return value


def input_tensor(fields: Fields) -> InputTensor:
    shape = fields.integers("shape", 1, 1 << 24)
    axes = fields.integers("window_axes", 0, 7)
    window = fields.integers("window_shape", 1, 1 << 24)
    fits = sorted(axes) == list(range(len(shape))) and len(window) == len(shape)
    if not fits or tuple(window[a] for a in axes) != shape:
        raise InputError(
            f"input.window_shape {window} taken in the order {axes} is not input.shape {shape}",
            "build the folder again",
        )
    return InputTensor(
        shape=shape,
        dtype=fields.choice("dtype", DTYPES),
        layout=fields.word("layout"),
        scale=fields.number("scale"),
        zero_point=fields.integer("zero_point", -(1 << 31), (1 << 31) - 1),
        window_shape=window,
        window_axes=axes,
    )


def output_tensor(fields: Fields) -> OutputTensor:
    return OutputTensor(
        shape=fields.integers("shape", 1, 1 << 24),
        dtype=fields.choice("dtype", DTYPES),
        scale=fields.number("scale"),
        zero_point=fields.integer("zero_point", -(1 << 31), (1 << 31) - 1),
        labels=fields.maybe("labels", fields.texts),
    )


def ledger_entry(fields: Fields) -> LedgerEntry:
    return LedgerEntry(
        stage=fields.text("stage"),
        max_abs_diff=fields.maybe("max_abs_diff", fields.number),
        top1_agreement=fields.maybe("top1_agreement", fields.number),
        accuracy=fields.maybe("accuracy", fields.number),
    )


def ranges(fields: Fields) -> Ranges:
    return Ranges(fields.word("method"), size(fields, "windows"), fields.truth("simulated"))


def layer(fields: Fields) -> Layer:
    return Layer(
        index=fields.integer("index"),
        name=fields.text("name"),
        op=fields.text("op"),
        macs=fields.integer("macs"),
        weights_bytes=size(fields, "weights_bytes"),
        in_bytes=size(fields, "in_bytes"),
        out_bytes=size(fields, "out_bytes"),
        constants_memory=fields.maybe("constants_memory", fields.word),
        constants_ram_bytes=copied_bytes(fields),
        kernel=fields.maybe("kernel", fields.text) or "",
    )


def copied_bytes(fields: Fields) -> int:
    """0 in a folder that was built before weights could be copied to RAM."""
    return fields.maybe("constants_ram_bytes", lambda key: size(fields, key)) or 0


def adaptable(fields: Fields) -> Adaptable:
    return Adaptable(fields.choice("what", ADAPT), fields.maybe("layer", fields.text), size(fields, "bytes"))
