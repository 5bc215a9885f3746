"""EDF, EDF+ and BDF by edfio. Annotations become `annotations`: the text that holds at each sample, "" for none."""

from __future__ import annotations

from typing import Any

import numpy as np

from emgdeploy import optional

_UNITS = {"uv": "uV", "µv": "uV", "mv": "mV", "v": "V"}


def read(path: str, _wanted: list[str], _size: int) -> dict[str, Any]:
    """The signals at the rate that most have; those at another (accelerometers) are left out. Raises ValueError."""
    edfio = optional.load("edfio", extra="formats")
    with open(path, "rb") as file:  # noqa: PTH123
        bits24 = file.read(1) == b"\xff"
    recording = (edfio.read_bdf if bits24 else edfio.read_edf)(path, header_encoding="latin-1")
    signals = recording.signals
    if not signals:
        raise ValueError("it has no signals")
    rates = [float(signal.sampling_frequency) for signal in signals]
    rate = max(set(rates), key=lambda one: (rates.count(one), one))
    kept = [signal for signal, own in zip(signals, rates, strict=True) if own == rate]
    values = np.column_stack([signal.data for signal in kept])
    texts = np.full(len(values), "", "U60")
    for note in recording.annotations:
        begin = max(0, round(note.onset * rate))
        end = None if note.duration is None else round((note.onset + note.duration) * rate)
        texts[begin:end] = note.text.strip()
    return {
        "x": values,
        "@names": np.array([signal.label.strip() for signal in kept]),
        "@units": np.array([_UNITS.get(signal.physical_dimension.strip().lower(), "") for signal in kept]),
        "@rate_hz": np.array([rate]),
        "annotations": texts,
    }
