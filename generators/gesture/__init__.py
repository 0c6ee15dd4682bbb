"""Gesture: a body that moves with a voice and shows what is felt."""
