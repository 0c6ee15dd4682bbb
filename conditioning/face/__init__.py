"""Faces: what they show in numbers, how a photo is read, and the model that turns numbers into points."""
