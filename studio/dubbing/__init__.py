"""Dubbing: a script with a feeling on each line becomes a finished dub."""
