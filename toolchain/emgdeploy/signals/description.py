"""The preprocessing description as data: what its fields may hold, and reading it from plain fields."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import InputError
from emgdeploy.signals import repair

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

IMAGES = ("instant", "rms", "mav", "stacked")
LAYOUTS = ("channels", "raster", "column")
NORMALISATIONS = ("none", "global", "electrode", "frame")

_MAX_PIXELS = 1 << 16
_MAX_WINDOW = 1 << 20
_MAX_NOTCHES = 16
# What single precision holds as a normal number, with room to compute.
_LEAST, _MOST = 1e-30, 1e30
HINT = "docs/data.md lists every field of a preprocessing description"


@dataclass(frozen=True)
class Description:
    """How samples (S, channels) in millivolts become windows (N, frames, rows, columns).

    electrodes: the raw channel of each grid position, row by row; -1 where the grid has no electrode
        (that pixel is 0 after normalisation).
    image: `instant` (the window's last sample), `rms`, `mav` (mean absolute value), or `stacked`
        (samples themselves). A window is cut into `frames` equal parts; each part gives one image
        channel: its RMS, its MAV or, stacked, its last sample.
    bandpass_hz, notch_hz: causal filters, see `emgdeploy.signals.filters`.
    log_epsilon: the image becomes ln(image + epsilon), in millivolts.
    normalise: subtract `mean`, divide by `std`: `global` (one number each), `electrode` (one per grid
        position, shared by the frames), both fitted on training data; or `frame`, which standardises each
        image by its own mean and deviation, as the published HD-sEMG project does with single samples.
    range_mv: what the converter can give, in millivolts, both ends included; a sample outside of it, or one
        that is no finite number, is bad and becomes the electrode's last good one (see `repair`).
    layout: where the frames go: `channels` (an image channel each), `raster` (one image with a row for each
        electrode and a column for each frame), `column` (one column, frame after frame).
    """

    sample_rate_hz: float
    grid: tuple[int, int]
    electrodes: tuple[int, ...]
    window_ms: float
    stride_ms: float
    image: str = "rms"
    frames: int = 1
    detrend: bool = False
    rectify: bool = False
    log_epsilon: float | None = None
    bandpass_hz: tuple[float, float] | None = None
    bandpass_order: int = 2
    notch_hz: tuple[float, ...] = ()
    notch_q: float = 30.0
    normalise: str = "none"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    layout: str = "channels"
    range_mv: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check(self)

    @property
    def window_samples(self) -> int:
        """Samples that one window spans."""
        return max(1, round(self.window_ms * self.sample_rate_hz / 1000))

    @property
    def stride_samples(self) -> int:
        """Samples between the starts of two windows."""
        return max(1, round(self.stride_ms * self.sample_rate_hz / 1000))


def to_dict(wanted: Description) -> dict[str, Any]:
    """The fields as JSON-able values."""
    fields = dataclasses.asdict(wanted)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def read_fields(cls: type[DataclassInstance], fields: object, source: str) -> dict[str, Any]:
    """Constructor arguments from a mapping; `electrodes` defaults to the grid's own order."""
    if not isinstance(fields, dict):
        raise InputError(f"{source}: must be a table of fields, it is {type(fields).__name__}", HINT)
    known = {field.name: field for field in dataclasses.fields(cls)}
    unknown = [str(name) for name in fields if name not in known]
    if unknown:
        raise InputError(f"{source}: there is no field {unknown[0]!r}", f"fields are: {', '.join(known)}")
    values: dict[str, Any] = {}
    for name, value in fields.items():
        try:
            values[name] = _reader(str(known[name].type))(value)
        except (TypeError, ValueError) as error:
            raise InputError(f"{source}: {name} must be {error}, it is {value!r:.60}", HINT) from None
    if "electrodes" not in values and "grid" in values:
        rows, columns = values["grid"]
        values["electrodes"] = tuple(range(min(max(rows * columns, 0), _MAX_PIXELS)))
    missing = [
        name for name, field in known.items() if field.default is dataclasses.MISSING and name not in values
    ]
    if missing:
        raise InputError(f"{source}: the field {missing[0]!r} is missing", HINT)
    return values


def check(wanted: Description) -> None:
    """Raise InputError for the first field whose value makes no sense."""
    for broken, message in _rules(wanted):
        if broken:
            raise InputError(f"preprocessing: {message}", HINT)


def _rules(wanted: Description) -> Iterator[tuple[bool, str]]:
    yield from _geometry_rules(wanted)
    yield from _image_rules(wanted)
    yield from _filter_rules(wanted)
    yield from _normalisation_rules(wanted)


def _geometry_rules(wanted: Description) -> Iterator[tuple[bool, str]]:
    rate = wanted.sample_rate_hz
    rows, columns = wanted.grid
    named = len(wanted.electrodes)
    yield not 0 < rate < 1e9, f"sample_rate_hz must be positive, it is {rate}"
    wrong_grid = min(rows, columns) < 1 or rows * columns > _MAX_PIXELS
    yield wrong_grid, f"grid must be rows and columns, it is {wanted.grid}"
    yield named != rows * columns, f"electrodes must name {rows * columns} channels, it names {named}"
    yield min(wanted.electrodes) < -1, "electrodes must be channel numbers from 0, or -1 for none"
    yield max(wanted.electrodes) < 0, "electrodes must name at least one channel"
    far = max(wanted.electrodes) >= _MAX_PIXELS
    yield far, f"electrodes must be channel numbers below {_MAX_PIXELS}"
    yield not (wanted.window_ms > 0 and wanted.stride_ms > 0), "window_ms and stride_ms must be positive"
    too_long = max(wanted.window_ms, wanted.stride_ms) * rate / 1000 > _MAX_WINDOW
    span = wanted.range_mv
    wrong = span is not None and not -repair.WIDEST <= span[0] < span[1] <= repair.WIDEST
    yield wrong, f"range_mv must rise and lie within {repair.WIDEST:g}, it is {span}"
    yield too_long, f"window_ms and stride_ms may span {_MAX_WINDOW} samples at most"


def _image_rules(wanted: Description) -> Iterator[tuple[bool, str]]:
    window, frames, log = wanted.window_samples, wanted.frames, wanted.log_epsilon
    yield wanted.image not in IMAGES, f"image must be one of {', '.join(IMAGES)}, it is {wanted.image!r}"
    yield wanted.layout not in LAYOUTS, f"layout must be one of {', '.join(LAYOUTS)}, it is {wanted.layout!r}"
    uneven = frames < 1 or window % max(frames, 1) != 0
    yield uneven, f"frames must divide the window's {window} samples, it is {frames}"
    yield wanted.image == "instant" and frames != 1, "an instant image has one frame"
    yield wanted.detrend and window < 2, "detrend needs a window of at least two samples"
    yield log is not None and not log >= _LEAST, f"log_epsilon must be {_LEAST:g} or more, it is {log}"
    signed = wanted.image in ("instant", "stacked") and (wanted.detrend or not wanted.rectify)
    yield log is not None and signed, "log needs values that are never negative: rms, mav, rectified samples"


def _filter_rules(wanted: Description) -> Iterator[tuple[bool, str]]:
    half, band, notches = wanted.sample_rate_hz / 2, wanted.bandpass_hz, wanted.notch_hz
    outside = band is not None and not 0 < band[0] < band[1] < half
    yield outside, f"bandpass_hz must rise and lie between 0 and {half:g}, it is {band}"
    yield not 1 <= wanted.bandpass_order <= 8, f"bandpass_order must be 1..8, it is {wanted.bandpass_order}"
    yield (
        len(notches) > _MAX_NOTCHES,
        f"notch_hz may hold {_MAX_NOTCHES} frequencies, it holds {len(notches)}",
    )
    yield any(not 0 < f < half for f in notches), f"notch_hz must lie between 0 and {half:g}, it is {notches}"
    yield not wanted.notch_q > 0, f"notch_q must be positive, it is {wanted.notch_q}"


def _normalisation_rules(wanted: Description) -> Iterator[tuple[bool, str]]:
    kind = wanted.normalise
    yield kind not in NORMALISATIONS, f"normalise must be one of {', '.join(NORMALISATIONS)}, it is {kind!r}"
    count = {"global": 1, "electrode": len(wanted.electrodes)}.get(kind, 0)
    mismatch = len(wanted.mean) != len(wanted.std) or len(wanted.mean) not in (0, count)
    yield mismatch, f"{kind} normalisation takes {count} mean and std values"
    yield any(s < _LEAST for s in wanted.std), f"std must be {_LEAST:g} or more"
    yield any(abs(m) > _MOST for m in (*wanted.mean, *wanted.std)), f"mean and std must be below {_MOST:g}"


def _reader(annotation: str) -> Callable[[Any], Any]:
    """How a value of JSON or TOML becomes the value of a field annotated so."""
    readers: dict[str, Callable[[Any], Any]] = {
        "float": _number,
        "int": _whole,
        "str": _text,
        "bool": _flag,
        "float | None": lambda value: None if _is_off(value) else _number(value),
        "tuple[int, int]": lambda value: tuple(_whole(item) for item in _items(value, 2)),
        "tuple[int, ...]": lambda value: tuple(_whole(item) for item in _items(value)),
        "tuple[float, ...]": lambda value: tuple(_number(item) for item in _items(value)),
        "tuple[float, float] | None": lambda value: (
            None if _is_off(value) else tuple(_number(item) for item in _items(value, 2))
        ),
    }
    return readers[annotation]


def _is_off(value: object) -> bool:
    """TOML has no null: false, or the word none, leaves a step out."""
    return value is None or value is False or value == "none"


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise TypeError("a finite number")
    return float(value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


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
