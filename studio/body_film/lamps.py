"""The lamps of the studio in which bodies are drawn, for films and for the page's player alike."""

from __future__ import annotations

# Directions towards the lamps as the camera sees them (right, up, towards us), and their colours.
KEY, KEY_COLOUR = (-0.50, 0.86, 0.50), (1.02, 0.95, 0.86)
FILL, FILL_COLOUR = (0.86, 0.12, 0.50), (0.17, 0.20, 0.25)
RIM, RIM_COLOUR = (0.72, 0.42, -0.62), (0.55, 0.56, 0.60)
SKY, GROUND = (0.36, 0.38, 0.42), (0.25, 0.22, 0.20)
SHINE, SHININESS = 0.10, 28
# How soft the border between light and dark is, and how dark a shadow.
WRAP, DARK = 0.22, 0.72
EXPOSURE = 0.97
