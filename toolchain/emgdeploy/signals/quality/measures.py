"""Numbers for each electrode of a data set that tell a signal from what is none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.recordings import Dataset, Recording

Numbers = NDArray[np.float64]

MAINS_HZ = (50.0, 60.0)
# Where surface EMG is: below are movement and drift, above is next to nothing.
BAND_HZ = (20.0, 450.0)
_REST = re.compile(r"rest|idle|relax(ed)?|no movement|neutral", re.IGNORECASE)
_PIECE_S, _LINE_S = 0.25, 1.0
_LINE_HALF_HZ, _BESIDE_HZ = 1.5, 8.0
# A rail holds many more samples than the values just inside of it; a coarse converter's values all hold many.
_JUST_INSIDE, _CROWD, _FEW_VALUES = 0.05, 3.0, 16
# Stretches -> how many of its own errors a change must be; four say little of their scatter.
_STANDS_OUT = {4: 5.0, 5: 5.0, 6: 4.5, 7: 4.0}
# Of two channels that are one: what else differs is noise.
SAME = 0.9999
# More tells nothing new of spectra and takes long.
_MOST_VALUES = 1 << 25
_MOST_CORRELATED = 20_000


@dataclass(frozen=True)
class Measures:
    """Each (E,) in the order of the array's places, in the data set's unit; NaN where it cannot be told.

    rms: in the band of EMG. offset: median over recordings of the mean; wander: by how much it differs between
    recordings. still: share of the time in which the value never changes. clipped: share of samples at an end of
    the range. hum: share of the band's power that is power line and its harmonics, hum_hz: of which. twin: the
    place of the neighbour that says the same, -1 for none; alike: correlation with the neighbour most alike.
    snr_db: the strongest gesture against rest. drift: logarithm of how much stronger or weaker the same gestures
    are at the end of a session than at its begin, 0 where that does not stand out of their scatter.
    between: logarithm of how much stronger or weaker they are in another session of the same person, at most.
    """

    rms: Numbers
    offset: Numbers
    wander: Numbers
    still: Numbers
    clipped: Numbers
    hum: Numbers
    hum_hz: Numbers
    twin: NDArray[np.int64]
    alike: Numbers
    snr_db: Numbers
    drift: Numbers
    between: Numbers


def measure(dataset: Dataset, rate_known: bool = True) -> Measures:
    """The measures of a data set's electrodes; those of places without one are NaN.

    rate_known: False leaves out what needs the sample rate.
    """
    places = np.flatnonzero(np.asarray(dataset.electrodes) >= 0)
    channels = np.asarray(dataset.electrodes)[places]
    signals = [recording.samples[:, channels] for recording in dataset.recordings]
    rate = dataset.sample_rate_hz
    pieces = [_pieces(x, r.labels, rate) for x, r in zip(signals, dataset.recordings, strict=True)]
    power = np.concatenate([piece.power for piece in pieces])
    means = np.array([x.mean(axis=0, dtype=np.float64) for x in signals])
    hum, hertz = _hum(signals, rate) if rate_known else (np.full(len(channels), np.nan),) * 2
    twin, alike = _neighbours(signals, places, dataset.grid)
    found = {
        "rms": np.sqrt(power.mean(axis=0)) if len(power) else np.full(len(channels), np.nan),
        "offset": np.median(means, axis=0),
        "wander": _wander(means, dataset.recordings),
        "still": _still(signals, max(2, round(_PIECE_S * rate))),
        "clipped": _clipped(signals),
        "hum": hum,
        "hum_hz": hertz,
        "alike": alike,
        "snr_db": _snr(pieces, dataset.labels, len(channels)),
        "drift": _drift(pieces, dataset.recordings, len(channels)),
        "between": _between(pieces, dataset.recordings, len(channels)),
    }
    whole = {name: _placed(values, places, len(dataset.electrodes)) for name, values in found.items()}
    twins = np.full(len(dataset.electrodes), -1, np.int64)
    twins[places] = twin
    return Measures(twin=twins, **whole)


def _placed(values: Numbers, places: NDArray[np.int64], count: int) -> Numbers:
    whole = np.full(count, np.nan)
    whole[places] = values
    return whole


@dataclass(frozen=True)
class _Pieces:
    """power: (K, E) in the band of EMG, of short pieces of a recording; y: (K,) their class, -1 for several or none."""

    power: Numbers
    y: NDArray[np.int64]


def _pieces(x: Single, labels: NDArray[np.int64], rate: float) -> _Pieces:
    length = min(len(x), max(2, round(_PIECE_S * rate)))
    count = len(x) // length
    cut = x[: count * length].reshape(count, length, -1)
    named = labels[: count * length].reshape(count, length)
    y = np.where((named == named[:, :1]).all(axis=1), named[:, 0], -1)
    power, hertz = _spectra(cut, rate)
    inside = _in_band(hertz, rate)
    return _Pieces(power[:, inside].sum(axis=1), y)


def _in_band(hertz: Numbers, rate: float) -> NDArray[np.bool_]:
    low = min(BAND_HZ[0], rate / 8)
    inside: NDArray[np.bool_] = (hertz >= low) & (hertz <= BAND_HZ[1])
    return inside


def _spectra(cut: Single, rate: float) -> tuple[Numbers, Numbers]:
    """(K, samples, E) -> power of each frequency (K, F, E), which add up to the mean square, and the frequencies."""
    length = cut.shape[1]
    window = np.hanning(length + 1)[:-1] if length > 2 else np.ones(length)
    centred = (cut - cut.mean(axis=1, keepdims=True)) * window[None, :, None].astype(np.float32)
    spectrum = np.abs(np.fft.rfft(centred, axis=1)) ** 2
    power = 2 * spectrum / (length * (window**2).sum())
    hertz = np.fft.rfftfreq(length, 1 / rate).astype(np.float64)
    return power.astype(np.float64), hertz


def _hum(signals: Sequence[Single], rate: float) -> tuple[Numbers, Numbers]:
    """(E,) the share of the band's power in the lines of 50 or 60 Hz, whichever is more, and which that is."""
    length = round(_LINE_S * rate)
    long = [x for x in signals if len(x) >= length]
    channels = signals[0].shape[1]
    if not long:
        return np.full(channels, np.nan), np.full(channels, np.nan)
    every = max(1, sum(x.size for x in long) // _MOST_VALUES)
    total = np.zeros((length // 2 + 1, channels))
    for x in long[::every]:
        count = len(x) // length
        power, hertz = _spectra(x[: count * length].reshape(count, length, -1), rate)
        total += power.sum(axis=0)
    whole = total[_in_band(hertz, rate)].sum(axis=0)
    lines = np.array([_lines(total, hertz, mains, rate) for mains in MAINS_HZ])
    shares = lines / np.where(whole > 0, whole, 1.0)
    return shares.max(axis=0), np.asarray(MAINS_HZ)[shares.argmax(axis=0)]


def _lines(power: Numbers, hertz: Numbers, mains: float, rate: float) -> Numbers:
    """(E,) power of a line and its harmonics above what lies beside them."""
    found = np.zeros(power.shape[1])
    for line in np.arange(mains, min(rate / 2 - 2, BAND_HZ[1]), mains):
        away = np.abs(hertz - line)
        at, beside = away <= _LINE_HALF_HZ, (away > 2 * _LINE_HALF_HZ) & (away <= _BESIDE_HZ)
        if beside.any():
            found += np.maximum(power[at].sum(axis=0) - at.sum() * np.median(power[beside], axis=0), 0.0)
    return found


def _wander(means: Numbers, recordings: Sequence[Recording]) -> Numbers:
    """(E,) the largest difference of means within the recordings of one session."""
    sittings = defaultdict(list)
    for mean, recording in zip(means, recordings, strict=True):
        sittings[recording.subject, recording.session].append(mean)
    widths: Numbers = np.max([np.ptp(one, axis=0) for one in sittings.values()], axis=0)
    return widths


def _still(signals: Sequence[Single], length: int) -> Numbers:
    still, count = np.zeros(signals[0].shape[1]), 0
    for x in signals:
        size = min(length, len(x))
        cut = x[: len(x) // size * size].reshape(-1, size, x.shape[1])
        still += (cut == cut[:, :1]).all(axis=1).sum(axis=0)
        count += len(cut)
    return still / max(count, 1)


def _clipped(signals: Sequence[Single]) -> Numbers:
    """(E,) share of samples at the ends of the range, where these hold a crowd."""
    low = np.min([x.min(axis=0) for x in signals], axis=0)
    high = np.max([x.max(axis=0) for x in signals], axis=0)
    inside = (high - low) * np.float32(_JUST_INSIDE)
    samples = sum(len(x) for x in signals)
    found = np.zeros(len(low))
    for end, near in ((low, low + inside), (high, high - inside)):
        at = np.sum([(x == end).sum(axis=0) for x in signals], axis=0)
        between = np.sum([((x - end) * (x - near) < 0).sum(axis=0) for x in signals], axis=0)
        found += np.where(at > _CROWD * np.maximum(between, 1), at, 0)
    few = np.array([len(np.unique(np.concatenate([x[::7, e] for x in signals]))) for e in range(len(low))])
    return np.where(few < _FEW_VALUES, 0.0, found / samples)


def _neighbours(
    signals: Sequence[Single], places: NDArray[np.int64], grid: tuple[int, int]
) -> tuple[NDArray[np.int64], Numbers]:
    """Of each channel the place of the neighbour most alike where it is the same, and its correlation."""
    count, shares = len(places), []
    for x in signals:
        steps = np.diff(x[: max(2, _MOST_CORRELATED // len(signals))].astype(np.float64), axis=0)
        shares.append(steps)
    steps = np.concatenate(shares)
    steps -= steps.mean(axis=0) if len(steps) else 0.0
    spread = np.sqrt((steps**2).sum(axis=0))
    twin, alike = np.full(count, -1, np.int64), np.full(count, np.nan)
    index = {int(place): number for number, place in enumerate(places)}
    for number, place in enumerate(places.tolist()):
        for other in _beside(place, grid):
            if other not in index or spread[number] == 0 or spread[index[other]] == 0:
                continue
            r = float(steps[:, number] @ steps[:, index[other]] / (spread[number] * spread[index[other]]))
            if not alike[number] >= r:
                alike[number], twin[number] = r, other
    return np.where(alike > SAME, twin, -1), alike


def _beside(place: int, grid: tuple[int, int]) -> list[int]:
    row, column = divmod(place, grid[1])
    near = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return [r * grid[1] + c for r, c in near if 0 <= r < grid[0] and 0 <= c < grid[1]]


def _snr(pieces: Sequence[_Pieces], labels: tuple[str, ...], channels: int) -> Numbers:
    """(E,) dB of the strongest gesture over rest; NaN where no label is one of rest."""
    power = np.concatenate([p.power for p in pieces])
    y = np.concatenate([p.y for p in pieces])
    rest = [number for number, label in enumerate(labels) if _REST.fullmatch(label.strip())]
    active = [number for number in range(len(labels)) if number not in rest and (y == number).any()]
    if not rest or not active or not np.isin(y, rest).any():
        return np.full(channels, np.nan)
    # Medians: a knock during rest is no noise.
    quiet = np.median(power[np.isin(y, rest)], axis=0)
    strong = np.max([np.median(power[y == number], axis=0) for number in active], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((quiet > 0) & (strong > 0), strong / quiet, np.nan)
        return np.asarray(10 * np.log10(ratio))


def _drift(pieces: Sequence[_Pieces], recordings: Sequence[Recording], channels: int) -> Numbers:
    """(E,) logarithm of the change of level from the begin to the end of a session, the median over
    gestures, of the session where it is most; NaN where no gesture is there four times."""
    changes = []
    for sitting in sorted({(r.subject, r.session) for r in recordings}):
        own = [p for p, r in zip(pieces, recordings, strict=True) if (r.subject, r.session) == sitting]
        levels = _levels(own)
        found = [_change(np.array(level)) for level in levels.values() if len(level) >= min(_STANDS_OUT)]
        if found:
            changes.append(np.median(found, axis=0))
    if not changes:
        return np.full(channels, np.nan)
    whole = np.array(changes)
    return np.asarray(whole[np.abs(whole).argmax(axis=0), np.arange(channels)])


def _between(pieces: Sequence[_Pieces], recordings: Sequence[Recording], channels: int) -> Numbers:
    """(E,) the largest change of level from a person's first session to a later one, the median over gestures; NaN
    for single sessions."""
    sittings: dict[int, dict[int, list[_Pieces]]] = defaultdict(lambda: defaultdict(list))
    for piece, recording in zip(pieces, recordings, strict=True):
        sittings[recording.subject][recording.session].append(piece)
    changes = []
    for of_person in sittings.values():
        first, *later = [_levels(of_person[session]) for session in sorted(of_person)]
        for other in later:
            shared = [np.mean(other[c], axis=0) - np.mean(first[c], axis=0) for c in first if c in other]
            changes += [np.median(shared, axis=0)] if shared else []
    if not changes:
        return np.full(channels, np.nan)
    whole = np.array(changes)
    return np.asarray(whole[np.abs(whole).argmax(axis=0), np.arange(channels)])


def _levels(pieces: Sequence[_Pieces]) -> dict[int, list[Numbers]]:
    """Class -> logarithmic level (E,) of each stretch of it, in the order of the recordings."""
    levels = defaultdict(list)
    for piece in pieces:
        ends = np.flatnonzero(np.diff(piece.y)) + 1
        for power, y in zip(np.split(piece.power, ends), np.split(piece.y, ends), strict=True):
            if len(y) and y[0] >= 0:
                levels[int(y[0])].append(0.5 * np.log(np.maximum(power.mean(axis=0), 1e-30)))
    return levels


def _change(level: Numbers) -> Numbers:
    """(stretches, E) -> (E,) change from the first to the last along a line, 0 where it does not stand out of the
    scatter around that."""
    count = len(level)
    along = np.linspace(-0.5, 0.5, count)
    slope = along @ level / (along @ along)
    scatter = level - level.mean(axis=0) - along[:, None] * slope
    error = np.sqrt((scatter**2).sum(axis=0) / (count - 2) / (along @ along))
    times = _STANDS_OUT.get(count, min(_STANDS_OUT.values()))
    return np.where(np.abs(slope) > times * error, slope, 0.0)
