"""OT Bioelettronica's `.otb+` and `.otb4`: a tar with XML that says what is in the `.sig` files beside it.

Layouts as the manufacturer's OTB-Matlab and OTB-Python examples read them. An `.otb4` says range, bits and gain of each
track, so that its samples are in mV; an `.otb+` does not say its range, so that they stay counts.
"""

from __future__ import annotations

import tarfile
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def read(path: str, _wanted: list[str], _size: int) -> dict[str, Any]:
    """All channels that were acquired. Raises ValueError for what is not of these layouts."""
    with tarfile.open(path, "r:") as archive:
        names = archive.getnames()
        tracks = next((name for name in names if name.rpartition("/")[2] == "Tracks_000.xml"), None)
        return _otb4(archive, tracks) if tracks else _otb_plus(archive, names)


def _otb4(archive: tarfile.TarFile, tracks: str) -> dict[str, Any]:
    found = []
    for track in _xml(archive, tracks).iter("TrackInfo"):
        title = (track.findtext("Title") or track.findtext("Description/Name") or "").strip()
        control = (track.findtext("IsControl") or "").strip().lower() == "true"
        if not control and "quaternion" not in title.lower() and _number(track, "ADC_Nbits") > 0:
            found.append((track, title))
    if not found:
        raise ValueError("it has no track of an amplifier")
    rates = [_number(track, "SamplingFrequency") for track, _ in found]
    rate = max(set(rates), key=lambda one: (rates.count(one), one))
    folder = tracks.rpartition("/")[0]
    parts, names = [], []
    for (track, title), own in zip(found, rates, strict=True):
        if own != rate:
            continue
        part = _track(archive, track, f"{folder}/" if folder else "")
        parts.append(part)
        names += [f"{title} {number}" for number in range(1, part.shape[1] + 1)]
    samples = min(map(len, parts))
    return {
        "x": np.concatenate([part[:samples] for part in parts], axis=1),
        "@names": np.array(names),
        "@units": np.array(["mV"] * len(names)),
        "@rate_hz": np.array([rate]),
    }


def _track(archive: tarfile.TarFile, track: ElementTree.Element, folder: str) -> Numbers:
    """(S, channels) in mV."""
    size = int(_number(track, "SampleSize", 4))
    if size not in (2, 4):
        raise ValueError(f"its samples have {size} bytes")
    every = int(_number(track, "TotalChannelsInFile"))
    first, count = int(_number(track, "AcquisitionChannel")), int(_number(track, "NumberOfChannels"))
    gain, whole = _number(track, "Gain"), _number(track, "ADC_Range")
    if gain <= 0 or whole <= 0 or count < 1 or not 0 <= first <= every - count:
        raise ValueError("a track has no range, no gain, or channels that its file has not")
    values = _signal(archive, folder + (track.findtext("SignalStreamPath") or ""), every, f"<i{size}")
    return values[:, first : first + count] * (whole / 2 ** _number(track, "ADC_Nbits") * 1000 / gain)


def _otb_plus(archive: tarfile.TarFile, names: list[str]) -> dict[str, Any]:
    signals = [name for name in names if name.lower().endswith(".sig")]
    if len(signals) != 1:
        raise ValueError(f"it has {len(signals)} recordings, one is read")
    device = _xml(archive, signals[0][:-4] + ".xml")
    count, bits = int(_attribute(device, "DeviceTotalChannels")), int(_attribute(device, "ad_bits"))
    if bits != 16:
        raise ValueError(f"its samples have {bits} bits, 16 are read; export it as .csv or .mat")
    values = _signal(archive, signals[0], count, "<i2")
    called = [f"channel {number}" for number in range(1, count + 1)]
    for adapter in device.iter("Adapter"):
        start = int(_attribute(adapter, "ChannelStartIndex"))
        for channel in adapter.iter("Channel"):
            place = start + int(_attribute(channel, "Index"))
            if 0 <= place < count:
                called[place] = f"{channel.get('ID') or adapter.get('ID') or 'channel'} {place + 1}"
    return {
        "x": values,
        "@names": np.array(called),
        "@units": np.array(["counts"] * count),
        "@rate_hz": np.array([_attribute(device, "SampleFrequency")]),
    }


def _signal(archive: tarfile.TarFile, name: str, channels: int, dtype: str) -> Numbers:
    content = _member(archive, name)
    row = channels * np.dtype(dtype).itemsize
    if channels < 1 or len(content) < row:
        raise ValueError(f"{name} holds no sample of {channels} channels")
    whole = len(content) // row * row  # the last sample may be cut off
    return np.frombuffer(content[:whole], dtype).reshape(-1, channels).astype(np.float64)


def _xml(archive: tarfile.TarFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(_member(archive, name))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"{name} in it is no file")
    return file.read()


def _number(track: ElementTree.Element, name: str, default: float | None = None) -> float:
    text = track.findtext(name)
    if text is None and default is not None:
        return default
    return float(text or "nan")


def _attribute(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name) or "nan")
