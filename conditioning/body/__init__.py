"""A body: its skeleton, its motion, files of it, and the way from one skeleton to another."""
