"""Scenes: a script and one feeling over time become speech, faces, bodies and music together."""
