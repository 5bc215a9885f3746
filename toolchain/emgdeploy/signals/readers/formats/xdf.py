"""XDF, which LabRecorder writes, by pyxdf. `markers` is the last marker at or before each sample, "" before the first."""

from __future__ import annotations

from typing import Any

import numpy as np

from emgdeploy import optional

_UNITS = {
    **dict.fromkeys(("microvolts", "microvolt", "uv", "µv"), "uV"),
    **dict.fromkeys(("millivolts", "millivolt", "mv"), "mV"),
    **dict.fromkeys(("volts", "volt", "v"), "V"),
}


def read(path: str, wanted: list[str], _size: int) -> dict[str, Any]:
    """The stream that `samples_array` names, or the one of type EMG, or EEG or EXG, or the only one. Raises ValueError."""
    pyxdf = optional.load("pyxdf", extra="formats")
    streams, _ = pyxdf.load_xdf(path, verbose=False)
    numeric = [
        one for one in streams if float(one["info"]["nominal_srate"][0]) > 0 and len(one["time_stamps"])
    ]
    chosen = _chosen(numeric, wanted)
    info, times = chosen["info"], np.asarray(chosen["time_stamps"], np.float64)
    values = np.asarray(chosen["time_series"], np.float64)
    channels = _channels(info)
    texts = np.full(len(values), "", "U60")
    for stream in streams:
        if isinstance(stream["time_series"], list):
            index = np.searchsorted(stream["time_stamps"], times, side="right")
            marks = np.array(["", *(str(row[0]).strip() for row in stream["time_series"])])
            texts = marks[index].astype("U60")
    result: dict[str, Any] = {
        "x": values,
        "@rate_hz": np.array([float(info["nominal_srate"][0])]),
        "markers": texts,
    }
    result |= {name: values for name in wanted if name == info["name"][0]}
    if len(channels) == values.shape[1]:
        result["@names"] = np.array([(one.get("label") or [""])[0] or "" for one in channels])
        result["@units"] = np.array(
            [_UNITS.get(((one.get("unit") or [""])[0] or "").lower(), "") for one in channels]
        )
    return result


def _chosen(streams: list[dict[str, Any]], wanted: list[str]) -> dict[str, Any]:
    for name in wanted:
        for one in streams:
            if one["info"]["name"][0] == name:
                return one
    for kind in ("EMG", "EXG", "EEG"):
        found = [one for one in streams if (one["info"]["type"][0] or "").upper() == kind]
        if len(found) == 1:
            return found[0]
    if len(streams) == 1:
        return streams[0]
    names = ", ".join(one["info"]["name"][0] for one in streams)
    raise ValueError(
        f"samples_array must name one of its streams: {names}" if streams else "no stream of samples"
    )


def _channels(info: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = info["desc"][0]["channels"][0]["channel"]
    except (KeyError, TypeError, IndexError):
        return []
    return found
