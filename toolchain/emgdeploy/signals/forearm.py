"""One simulated person's forearm under one placement of the electrode grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals import motorunits
from emgdeploy.signals.anatomy import CIRCUMFERENCE_MM, MUSCLES, Muscle
from emgdeploy.signals.conductor import LONGEST_REACH_MM, Fibres, potentials

PITCH_MM = 10.0
UNITS_PER_MUSCLE = 24
# A unit's fibres are represented by a few bundles; their scatter spreads its potential in time and space.
BUNDLES_PER_UNIT = 5
BUNDLE_RADIUS_MM = 2.5
ZONE_SCATTER_MM, TENDON_SCATTER_MM = 3.0, 5.0
SLOWEST_UNIT_M_S, FASTEST_UNIT_M_S, VELOCITY_SCATTER_M_S = 3.4, 4.6, 0.15
# Long enough for the slowest front to cross the longest fibre and die away.
POTENTIAL_MS = 36.0


@dataclass(frozen=True)
class Placement:
    """How the grid lies in one session: shifts from the intended place and rotation about its middle."""

    around_mm: float = 0.0
    along_mm: float = 0.0
    rotation_deg: float = 0.0


@dataclass(frozen=True)
class Forearm:
    """Action potentials of every motor unit as the grid sees them.

    templates: (muscles, units, samples, electrodes) float32 in mV for one impulse.
    """

    templates: NDArray[np.float32]
    sample_rate_hz: float


def electrode_positions(grid: tuple[int, int], placement: Placement) -> NDArray[np.float64]:
    """(rows * columns, 2) positions in mm (around, along), row by row: rows go along the arm, columns around.

    The pitch is 10 mm, less where so many columns would go round the arm more than once.
    """
    rows, columns = grid
    pitch_around = min(PITCH_MM, CIRCUMFERENCE_MM / columns)
    pitch_along = min(PITCH_MM, LONGEST_REACH_MM / rows)
    along = (np.arange(rows) - (rows - 1) / 2) * pitch_along
    around = (np.arange(columns) - (columns - 1) / 2) * pitch_around
    along, around = np.meshgrid(along, around, indexing="ij")
    angle = np.deg2rad(placement.rotation_deg)
    turned = around * np.cos(angle) - along * np.sin(angle)
    tilted = around * np.sin(angle) + along * np.cos(angle)
    middle = CIRCUMFERENCE_MM / 2
    return np.stack(
        [(turned + middle + placement.around_mm).ravel(), (tilted + placement.along_mm).ravel()], axis=1
    )


def forearm(
    grid: tuple[int, int], placement: Placement, sample_rate_hz: float, person: np.random.Generator
) -> Forearm:
    """The person drawn from `person` under a grid placed so. The same generator state, the same person."""
    electrodes = electrode_positions(grid, placement)
    samples = int(np.ceil(POTENTIAL_MS * sample_rate_hz / 1000))
    share = motorunits.fibre_counts(UNITS_PER_MUSCLE) / BUNDLES_PER_UNIT
    templates = []
    for muscle in MUSCLES:
        seen = potentials(_fibres(muscle, person), electrodes, samples, sample_rate_hz)
        units = seen.reshape(UNITS_PER_MUSCLE, BUNDLES_PER_UNIT, samples, len(electrodes)).sum(axis=1)
        templates.append(units * share[:, None, None].astype(np.float32))
    return Forearm(np.stack(templates), sample_rate_hz)


def contraction(
    arm: Forearm, excitations: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """(muscles, S) excitations, 0..1 of maximal -> (S, electrodes) potentials on the skin in mV."""
    samples = excitations.shape[1]
    length = arm.templates.shape[2]
    signal = np.zeros((samples + length, arm.templates.shape[3]), np.float32)
    for muscle, templates in enumerate(arm.templates):
        rates = motorunits.firing_rates(excitations[muscle], UNITS_PER_MUSCLE)
        units, times = motorunits.impulses(rates, arm.sample_rate_hz, rng)
        for unit, time in zip(units.tolist(), times.tolist(), strict=True):
            signal[time : time + length] += templates[unit]
    return signal[:samples]


def _fibres(muscle: Muscle, person: np.random.Generator) -> Fibres:
    """UNITS_PER_MUSCLE * BUNDLES_PER_UNIT bundles, unit by unit, small units first."""
    units, bundles = UNITS_PER_MUSCLE, BUNDLES_PER_UNIT

    def per_unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.repeat(values, bundles)

    def scatter(size: float) -> NDArray[np.float64]:
        return person.normal(0.0, size, units * bundles)

    near, far = muscle.depth_mm
    speed = np.linspace(SLOWEST_UNIT_M_S, FASTEST_UNIT_M_S, units)
    around = muscle.around * CIRCUMFERENCE_MM + person.uniform(-0.5, 0.5, units) * muscle.width_mm
    zone = muscle.zone_mm + person.normal(0.0, ZONE_SCATTER_MM, units)
    depth = person.uniform(near, far, units)
    slant = np.deg2rad(muscle.slant_deg + person.normal(0.0, 2.0, units))
    proximal, distal = muscle.reach_mm
    return Fibres(
        around_mm=per_unit(around) + scatter(BUNDLE_RADIUS_MM),
        along_mm=per_unit(zone) + scatter(ZONE_SCATTER_MM),
        depth_mm=np.maximum(per_unit(depth) + scatter(BUNDLE_RADIUS_MM / 2), near - 1.0),
        slant_rad=per_unit(slant),
        proximal_mm=np.clip(proximal + scatter(TENDON_SCATTER_MM), 10.0, LONGEST_REACH_MM),
        distal_mm=np.clip(distal + scatter(TENDON_SCATTER_MM), 10.0, LONGEST_REACH_MM),
        velocity_m_s=per_unit(speed + person.normal(0.0, VELOCITY_SCATTER_M_S, units)),
    )
