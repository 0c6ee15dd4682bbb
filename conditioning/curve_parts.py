"""Parts of an emotion over time: what is felt at a moment, and curves cut and moved."""

from __future__ import annotations

from dataclasses import replace

from .curve import EmotionCurve
from .emotion import Emotion

# Seconds, shares and strengths below it are none.
LEAST = 1e-3
# What lies this near to one of two feelings has its name.
NEARER, TO = 0.3, " → "


def shifted(curve: EmotionCurve, start_s: float) -> EmotionCurve:
    """Gives a curve as it is seen from a time in it: that time becomes 0, what was before is left out."""
    if len(curve.keyframes) == 1:
        return EmotionCurve(((0.0, curve.keyframes[0][1]),))
    if start_s < 0:
        return EmotionCurve(tuple((time - start_s, emotion) for time, emotion in curve.keyframes))
    later = [(time - start_s, emotion) for time, emotion in curve.keyframes if time > start_s + LEAST]
    return EmotionCurve(((0.0, at(curve, start_s)), *later))


def at(curve: EmotionCurve, time_s: float) -> Emotion:
    """Gives what is felt at a time: a keyframe's own emotion, or the point between two.

    Its intensity is between theirs too, so that a medium's calibration moves it as it would move them.
    """
    from .space import load_space

    before, after, share = curve.around(time_s)
    if share < LEAST or before == after:
        return before
    if share > 1 - LEAST:
        return after
    intensity = (1 - share) * before.intensity + share * after.intensity
    if intensity < LEAST:
        return before
    space = load_space()
    offset = space.embed_curve(curve, [time_s])[0].cpu() - space.neutral
    code = space.neutral + offset / intensity
    source = name_of(before) if share < NEARER else name_of(after) if share > 1 - NEARER else ""
    source = source or name_of(before).split(TO)[0] + TO + name_of(after).split(TO)[-1]
    return Emotion(code=tuple(float(number) for number in code), source=source, intensity=intensity)


def name_of(emotion: Emotion) -> str:
    """Gives a short text for people; of what lies between two feelings, theirs."""
    return (
        emotion.source
        if emotion.code is not None and emotion.source
        else replace(emotion, intensity=1.0).label
    )


def until(curve: EmotionCurve, end_s: float) -> EmotionCurve:
    """Gives the part of a curve before a time; what is felt then stays."""
    kept = [(time, emotion) for time, emotion in curve.keyframes if time < end_s - LEAST]
    return EmotionCurve((*kept, (max(end_s, 0.0), at(curve, end_s))) if kept else ((0.0, at(curve, end_s)),))


def stretch(curve: EmotionCurve, start_s: float, end_s: float) -> EmotionCurve:
    """Gives the part of a curve from one second to another, its keyframes counted from the first.

    Args:
        start_s, end_s: in the curve's own seconds, rising.
    """
    found = until(shifted(curve, start_s), end_s - start_s)
    return EmotionCurve(((0.0, found.keyframes[0][1]),)) if found.is_constant else found
