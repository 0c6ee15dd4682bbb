"""Scores for eyes and ears: rendering, notation, the piano roll."""
