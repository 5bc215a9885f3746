"""The simulated forearm: which muscles lie where, and which of them a gesture uses.

Positions are those of a cross-section through the proximal third of a right forearm, as anatomy atlases draw
it (for example Gray's Anatomy, "Forearm"), unrolled: `around` runs from 0 to 1 once around the arm, from the
radial side over the palm side to the ulnar side and over the back of the arm to the radial side again.
Activations are shares of each muscle's maximal excitation, set by hand from the muscles' textbook functions
(for the grip's wrist-extensor share: Snijders et al., "Muscle force analysis of the hand", 1987). They are
plausible, not measured.
"""

from __future__ import annotations

from dataclasses import dataclass

CIRCUMFERENCE_MM = 250.0


@dataclass(frozen=True)
class Muscle:
    """A bundle of parallel fibres under the skin.

    around: centre, 0..1 around the arm; width_mm: spread of its motor units around the arm;
    depth_mm: nearest and deepest motor unit below the electrodes; slant_deg: fibre direction against the arm's
    axis; reach_mm: fibre length from the innervation zone to the proximal and to the distal tendon;
    zone_mm: where the innervation zone lies along the arm, 0 under the middle of the grid, distal positive.
    """

    name: str
    around: float
    width_mm: float
    depth_mm: tuple[float, float]
    slant_deg: float
    reach_mm: tuple[float, float]
    zone_mm: float


MUSCLES = (
    Muscle("brachioradialis", 0.02, 18, (5, 12), 4, (80, 85), -22),
    Muscle("pronator teres", 0.12, 16, (6, 14), 28, (55, 60), -12),
    Muscle("flexor carpi radialis", 0.21, 14, (5, 11), 8, (65, 75), -6),
    Muscle("palmaris longus", 0.27, 10, (4, 9), 4, (60, 70), -2),
    Muscle("flexor digitorum superficialis", 0.34, 26, (9, 18), 3, (75, 85), 8),
    Muscle("flexor digitorum profundus", 0.43, 24, (14, 24), 2, (75, 85), 14),
    Muscle("flexor carpi ulnaris", 0.48, 16, (4, 11), -3, (75, 80), -4),
    Muscle("extensor carpi ulnaris", 0.61, 14, (4, 10), -6, (70, 80), 0),
    Muscle("extensor digitorum", 0.73, 20, (4, 11), -4, (75, 85), 4),
    Muscle("supinator", 0.81, 18, (14, 22), -32, (40, 45), -18),
    Muscle("extensor carpi radialis", 0.88, 18, (5, 13), -3, (80, 85), -14),
)

# The seven gestures of the ICE Lab recordings, in the order of their description.
GESTURES: dict[str, dict[str, float]] = {
    "hand close": {
        "flexor digitorum superficialis": 0.30,
        "flexor digitorum profundus": 0.30,
        "extensor carpi radialis": 0.14,
        "extensor carpi ulnaris": 0.08,
        "flexor carpi ulnaris": 0.08,
    },
    "no movement": {},
    "hand open": {
        "extensor digitorum": 0.28,
        "extensor carpi ulnaris": 0.10,
        "flexor carpi ulnaris": 0.07,
        "extensor carpi radialis": 0.05,
    },
    "wrist supination": {
        "supinator": 0.36,
        "brachioradialis": 0.14,
        "extensor carpi radialis": 0.08,
        "extensor digitorum": 0.05,
    },
    "wrist pronation": {
        "pronator teres": 0.32,
        "flexor carpi radialis": 0.10,
        "brachioradialis": 0.08,
        "flexor digitorum superficialis": 0.04,
    },
    "wrist extension": {
        "extensor carpi radialis": 0.30,
        "extensor carpi ulnaris": 0.24,
        "extensor digitorum": 0.14,
        "flexor digitorum superficialis": 0.04,
    },
    "wrist flexion": {
        "flexor carpi radialis": 0.28,
        "flexor carpi ulnaris": 0.24,
        "palmaris longus": 0.24,
        "flexor digitorum superficialis": 0.10,
        "extensor digitorum": 0.05,
    },
}

# What every muscle does all the time: posture and imperfect relaxation.
TONE = 0.02
