"""How heads move when people speak, as a stochastic prior.

There is no head pose in the data that the weights are trained on, so what the pose bank learns is this: slow
sway, nods on accents, a lift where a phrase begins, stillness in pauses. It imitates published statistics; it
was not measured here.

Source: bands of head movement in speech (slow below 1.8 Hz, ordinary to 3.7 Hz, stillness in pauses): Hadar
et al. 1983, "Kinematics of head movements accompanying speech during conversation"; nods and turns on pitch
accents of a few degrees: Graf et al. 2002, "Visual prosody", section 3; coupling with f0 and loudness:
Munhall et al. 2004, "Visual prosody and speech intelligibility"; wider and faster where speech is emotional:
Busso et al. 2007, "Rigid head motion in expressive speech animation". The amplitudes are ours.
"""

from __future__ import annotations

import numpy as np

from .content import FRAME_RATE, smoothed

# Spread of slow sway: yaw, pitch, roll in radians, then x, y, z in cm.
SWAY = np.array([0.050, 0.032, 0.028, 0.25, 0.12, 0.25])
SLOW_HZ, ORDINARY_HZ = 0.35, 1.4
ORDINARY_SHARE = 0.22
NOD_RAD, LIFT_RAD, TURN_RAD = 0.055, 0.035, 0.02
NOD_FRAMES = 11
NECK_CM = 6.0  # from where the head turns down to where the neck bends
STILLNESS = 0.35  # how much of the sway is left in pauses
MOST = np.array([0.30, 0.22, 0.18, 1.6, 0.8, 1.6])


def band_noise(count: int, frequency_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of spread 1 that moves about as fast as said. (count,)"""
    sigma = FRAME_RATE / (2 * np.pi * frequency_hz)
    reach = int(4 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= np.sqrt((kernel**2).sum())
    return np.convolve(rng.standard_normal(count + 2 * reach), kernel, "valid")[:count]


def nod() -> np.ndarray:
    """One nod: down, then up a little beyond. (11,) peak 1"""
    time = np.linspace(0, 1, NOD_FRAMES)
    return np.sin(np.pi * time) ** 2 - 0.35 * np.sin(np.pi * (time - 0.45).clip(0) / 0.55) ** 2


def head_sway(
    accent: np.ndarray,
    phrase_start: np.ndarray,
    speaking: np.ndarray,
    amplitude: float,
    tempo: float,
    nods: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draws a head's movement for T frames of speech.

    Args:
        accent, phrase_start, speaking: (T,) as in `content.PROSODY`.
        amplitude: 1 is calm talk. tempo: of the sway, 1 is usual. nods: chance that an accent has one.

    Returns:
        (T, 6) yaw, pitch, roll in radians, x, y, z in cm.
    """
    count = len(accent)
    active = STILLNESS + (1 - STILLNESS) * smoothed(np.asarray(speaking, float), 31)
    out = np.zeros((count, 6))
    for axis in range(6):
        slow = band_noise(count, SLOW_HZ * tempo, rng)
        quick = ORDINARY_SHARE * band_noise(count, ORDINARY_HZ * tempo, rng)
        out[:, axis] = SWAY[axis] * (0.6 * slow + 0.4 * active * slow + active * quick)
    shape = nod()
    for at in peaks_of(accent):
        if rng.random() < nods:
            size = accent[at] * rng.uniform(0.5, 1.3)
            add(out[:, 1], at - 4 + int(rng.integers(-1, 3)), -NOD_RAD * size * shape)
            add(out[:, 0], at - 4, TURN_RAD * size * rng.choice([-1, 1]) * shape)
    for at in peaks_of(phrase_start):
        add(out[:, 1], at - 3, LIFT_RAD * rng.uniform(0, 1.2) * np.hanning(25))
    # The neck turns below the head: leaning and turning also shift it.
    out[:, 3] += NECK_CM * -out[:, 2]
    out[:, 5] += NECK_CM * -out[:, 1]
    return (amplitude * out).clip(-MOST, MOST).astype(np.float32)


def peaks_of(track: np.ndarray) -> list[int]:
    """Where a track of bumps has its tops."""
    inner = (track[1:-1] >= track[:-2]) & (track[1:-1] > track[2:]) & (track[1:-1] > 0.15)
    return [int(at) + 1 for at in np.flatnonzero(inner)]


def add(track: np.ndarray, start: int, shape: np.ndarray) -> None:
    """Adds a shape to a track in place, as far as it lies within."""
    first, last = max(0, start), min(len(track), start + len(shape))
    if first < last:
        track[first:last] += shape[first - start : last - start]
