"""From fibres to electrodes: travelling action potentials in a conducting half-space.

Source: the intracellular action potential V(z) = 96 z^3 exp(-z) mV, z in mm behind the front (Rosenfalck,
Acta Physiol. Scand. suppl. 321, 1969). Two fronts leave the innervation zone in both directions and die at
the tendons; the membrane current is the second derivative of V along the fibre with sealed ends, so fibre
ends give their standing potentials and the total current is zero at all times.

Volume conductor: a half-space that conducts better along the fibres than across them (Andreassen and
Rosenfalck, CRC Crit. Rev. Bioeng. 6, 1981). A current I at depth d is seen by an electrode at distance `a`
along and `p` across the fibre as I / (2 pi s sqrt(a^2 + k (p^2 + d^2))), s the transverse conductivity, k
the ratio of the two: deep fibres are blurred over many electrodes. The arm's curvature is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.anatomy import CIRCUMFERENCE_MM

ANISOTROPY = 5.0
TRANSVERSE_CONDUCTIVITY_S_M = 0.1
INTRACELLULAR_CONDUCTIVITY_S_M = 1.01
FIBRE_RADIUS_MM = 0.0275
STEP_MM = 0.5
LONGEST_REACH_MM = 100.0
# What so many fibres need in between stays in a processor's cache.
_AT_ONCE = 4


@dataclass(frozen=True)
class Fibres:
    """F fibres, every field (F,): where each lies, where it is innervated, how far it reaches.

    around_mm, along_mm: the innervation point on the skin's plane; depth_mm below it; slant_rad: direction
    against the arm's axis; proximal_mm, distal_mm: lengths to the tendons; velocity_m_s.
    """

    around_mm: NDArray[np.float64]
    along_mm: NDArray[np.float64]
    depth_mm: NDArray[np.float64]
    slant_rad: NDArray[np.float64]
    proximal_mm: NDArray[np.float64]
    distal_mm: NDArray[np.float64]
    velocity_m_s: NDArray[np.float64]


def potentials(
    fibres: Fibres, electrodes_mm: NDArray[np.float64], samples: int, sample_rate_hz: float
) -> NDArray[np.float32]:
    """What each electrode (E, 2: around, along) sees of one impulse of each fibre: (F, samples, E), in mV."""
    seen = np.empty((len(fibres.around_mm), samples, len(electrodes_mm)), np.float32)
    for first in range(0, len(seen), _AT_ONCE):
        few = slice(first, first + _AT_ONCE)
        some = Fibres(*(getattr(fibres, field.name)[few] for field in fields(Fibres)))
        current = membrane_currents(some, samples, sample_rate_hz)
        np.matmul(current, _lead_fields(some, electrodes_mm), out=seen[few])
    return seen


def membrane_currents(fibres: Fibres, samples: int, sample_rate_hz: float) -> NDArray[np.float32]:
    """(F, samples, Z) current in microampere that leaves each half millimetre of the fibre, over time."""
    z = _positions()
    time_ms = np.arange(samples, dtype=np.float32) * np.float32(1000.0 / sample_rate_hz)
    travelled = fibres.velocity_m_s[:, None].astype(np.float32) * time_ms
    behind = np.maximum(travelled[:, :, None] - z[z >= 0], 0.0)
    one_way = 96.0 * behind**3 * np.exp(-behind)
    voltage = np.concatenate([one_way[:, :, :0:-1], one_way], axis=2)
    inside = (z >= -fibres.proximal_mm[:, None]) & (z <= fibres.distal_mm[:, None])
    # Axial current flows between neighbours that both lie inside: that seals the ends.
    # mV/mm is V/m; V/m * S/m * mm^2 is a microampere, and a microampere over S/m and mm is a millivolt.
    conductance = INTRACELLULAR_CONDUCTIVITY_S_M * np.pi * FIBRE_RADIUS_MM**2 / STEP_MM
    joined = np.where(inside[:, 1:] & inside[:, :-1], np.float32(conductance), np.float32(0.0))[:, None, :]
    axial = (voltage[:, :, :-1] - voltage[:, :, 1:]) * joined
    leaving: NDArray[np.float32] = np.empty_like(voltage)
    leaving[:, :, 0], leaving[:, :, -1] = -axial[:, :, 0], axial[:, :, -1]
    np.subtract(axial[:, :, :-1], axial[:, :, 1:], out=leaving[:, :, 1:-1])
    return leaving


def _lead_fields(fibres: Fibres, electrodes_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    """(F, Z, E) potential in mV at each electrode for a microampere at each position of the fibre."""
    around = electrodes_mm[None, :, 0] - fibres.around_mm[:, None]
    around = (around + CIRCUMFERENCE_MM / 2) % CIRCUMFERENCE_MM - CIRCUMFERENCE_MM / 2
    along = electrodes_mm[None, :, 1] - fibres.along_mm[:, None]
    cosine, sine = np.cos(fibres.slant_rad)[:, None], np.sin(fibres.slant_rad)[:, None]
    parallel = (along * cosine + around * sine).astype(np.float32)
    across = around * cosine - along * sine
    radial = (ANISOTROPY * (across**2 + fibres.depth_mm[:, None] ** 2)).astype(np.float32)
    z = _positions()
    field: NDArray[np.float32] = parallel[:, None, :] - z[:, None]
    np.square(field, out=field)
    field += radial[:, None, :]
    np.sqrt(field, out=field)
    np.divide(np.float32(1.0 / (2 * np.pi * TRANSVERSE_CONDUCTIVITY_S_M)), field, out=field)
    return field


def _positions() -> NDArray[np.float32]:
    """(Z,) positions along a fibre in mm, 0 at the innervation point, distal positive."""
    count = int(LONGEST_REACH_MM / STEP_MM)
    return np.arange(-count, count + 1, dtype=np.float32) * np.float32(STEP_MM)
