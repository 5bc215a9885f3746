"""The preprocessing description as data: what its fields may hold, and reading it from JSON and TOML."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import InputError

if TYPE_CHECKING:
    from emgdeploy.signals.preprocess import Preprocess

IMAGES = ("instant", "rms", "mav", "stacked")
LAYOUTS = ("channels", "raster", "column")
NORMALISATIONS = ("none", "global", "electrode", "frame")

_MAX_PIXELS = 1 << 16
_MAX_WINDOW = 1 << 20
_HINT = "docs/data.md lists every field of a preprocessing description"


def load_preprocess(path: Path, base: Preprocess | None = None) -> Preprocess:
    """Read a description from a TOML file; fields it leaves out come from `base`, where there is one.

    Raises InputError that names the file and the field.
    """
    from emgdeploy.signals.preprocess import Preprocess

    try:
        fields = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", _HINT) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not TOML ({error})", _HINT) from None
    return Preprocess.from_dict({**(base.to_dict() if base else {}), **fields}, str(path))


def to_dict(wanted: Preprocess) -> dict[str, Any]:
    """The fields as JSON-able values."""
    fields = dataclasses.asdict(wanted)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def read_fields(cls: type[Preprocess], fields: object, source: str) -> dict[str, Any]:
    """Constructor arguments from a mapping; `electrodes` defaults to the grid's own order."""
    if not isinstance(fields, dict):
        raise InputError(f"{source}: must be a table of fields, it is {type(fields).__name__}", _HINT)
    known = {field.name: field for field in dataclasses.fields(cls)}
    unknown = [str(name) for name in fields if name not in known]
    if unknown:
        raise InputError(f"{source}: there is no field {unknown[0]!r}", f"fields are: {', '.join(known)}")
    values: dict[str, Any] = {}
    for name, value in fields.items():
        try:
            values[name] = _reader(str(known[name].type))(value)
        except (TypeError, ValueError) as error:
            raise InputError(f"{source}: {name} must be {error}, it is {value!r:.60}", _HINT) from None
    if "electrodes" not in values and "grid" in values:
        rows, columns = values["grid"]
        values["electrodes"] = tuple(range(min(max(rows * columns, 0), _MAX_PIXELS)))
    missing = [
        name for name, field in known.items() if field.default is dataclasses.MISSING and name not in values
    ]
    if missing:
        raise InputError(f"{source}: the field {missing[0]!r} is missing", _HINT)
    return values


def check(wanted: Preprocess) -> None:
    """Raise InputError for the first field whose value makes no sense."""
    for broken, message in _rules(wanted):
        if broken:
            raise InputError(f"preprocessing: {message}", _HINT)


def _rules(wanted: Preprocess) -> Iterator[tuple[bool, str]]:
    yield from _geometry_rules(wanted)
    yield from _image_rules(wanted)
    yield from _filter_rules(wanted)
    yield from _normalisation_rules(wanted)


def _geometry_rules(wanted: Preprocess) -> Iterator[tuple[bool, str]]:
    rate = wanted.sample_rate_hz
    rows, columns = wanted.grid
    named = len(wanted.electrodes)
    yield not 0 < rate < 1e9, f"sample_rate_hz must be positive, it is {rate}"
    wrong_grid = min(rows, columns) < 1 or rows * columns > _MAX_PIXELS
    yield wrong_grid, f"grid must be rows and columns, it is {wanted.grid}"
    yield named != rows * columns, f"electrodes must name {rows * columns} channels, it names {named}"
    yield min(wanted.electrodes) < -1, "electrodes must be channel numbers from 0, or -1 for none"
    yield max(wanted.electrodes) < 0, "electrodes must name at least one channel"
    yield not (wanted.window_ms > 0 and wanted.stride_ms > 0), "window_ms and stride_ms must be positive"
    too_long = max(wanted.window_ms, wanted.stride_ms) * rate / 1000 > _MAX_WINDOW
    yield too_long, f"window_ms and stride_ms may span {_MAX_WINDOW} samples at most"


def _image_rules(wanted: Preprocess) -> Iterator[tuple[bool, str]]:
    window, frames, log = wanted.window_samples, wanted.frames, wanted.log_epsilon
    yield wanted.image not in IMAGES, f"image must be one of {', '.join(IMAGES)}, it is {wanted.image!r}"
    yield wanted.layout not in LAYOUTS, f"layout must be one of {', '.join(LAYOUTS)}, it is {wanted.layout!r}"
    uneven = frames < 1 or window % max(frames, 1) != 0
    yield uneven, f"frames must divide the window's {window} samples, it is {frames}"
    yield wanted.image == "instant" and frames != 1, "an instant image has one frame"
    yield wanted.detrend and window < 2, "detrend needs a window of at least two samples"
    yield log is not None and not log > 0, f"log_epsilon must be positive, it is {log}"
    signed = wanted.image in ("instant", "stacked") and (wanted.detrend or not wanted.rectify)
    yield log is not None and signed, "log needs values that are never negative: rms, mav, rectified samples"


def _filter_rules(wanted: Preprocess) -> Iterator[tuple[bool, str]]:
    half, band, notches = wanted.sample_rate_hz / 2, wanted.bandpass_hz, wanted.notch_hz
    outside = band is not None and not 0 < band[0] < band[1] < half
    yield outside, f"bandpass_hz must rise and lie between 0 and {half:g}, it is {band}"
    yield not 1 <= wanted.bandpass_order <= 8, f"bandpass_order must be 1..8, it is {wanted.bandpass_order}"
    yield any(not 0 < f < half for f in notches), f"notch_hz must lie between 0 and {half:g}, it is {notches}"
    yield not wanted.notch_q > 0, f"notch_q must be positive, it is {wanted.notch_q}"


def _normalisation_rules(wanted: Preprocess) -> Iterator[tuple[bool, str]]:
    kind = wanted.normalise
    yield kind not in NORMALISATIONS, f"normalise must be one of {', '.join(NORMALISATIONS)}, it is {kind!r}"
    count = {"global": 1, "electrode": len(wanted.electrodes)}.get(kind, 0)
    mismatch = len(wanted.mean) != len(wanted.std) or len(wanted.mean) not in (0, count)
    yield mismatch, f"{kind} normalisation takes {count} mean and std values"
    yield any(s <= 0 for s in wanted.std), "std must be positive"


def _reader(annotation: str) -> Callable[[Any], Any]:
    """How a value of JSON or TOML becomes the value of a field annotated so."""
    readers: dict[str, Callable[[Any], Any]] = {
        "float": _number,
        "int": _whole,
        "str": _text,
        "bool": _flag,
        "float | None": lambda value: None if value is None else _number(value),
        "tuple[int, int]": lambda value: tuple(_whole(item) for item in _items(value, 2)),
        "tuple[int, ...]": lambda value: tuple(_whole(item) for item in _items(value)),
        "tuple[float, ...]": lambda value: tuple(_number(item) for item in _items(value)),
        "tuple[float, float] | None": lambda value: (
            None if value is None else tuple(_number(item) for item in _items(value, 2))
        ),
    }
    return readers[annotation]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("a finite number")
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("whole numbers")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def _items(value: object, count: int | None = None) -> list[Any]:
    if not isinstance(value, list | tuple) or (count is not None and len(value) != count):
        raise TypeError(f"a list of {count} values" if count is not None else "a list")
    return list(value)
