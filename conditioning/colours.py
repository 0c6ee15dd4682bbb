"""How colours make people feel: what pictures are read by, and films graded by."""

from __future__ import annotations

# Pleasure, arousal and dominance (rows) by brightness and saturation (columns), in standard deviations.
# Source: Valdez and Mehrabian 1994, "Effects of color on emotions", abstract: the regression equations.
FELT = ((0.69, 0.22), (-0.31, 0.60), (-0.76, 0.32))
