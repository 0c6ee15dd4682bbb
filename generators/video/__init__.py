"""Video: Wan2.1 with an emotion adapter, a small model of the same classes, and the grading of existing films."""
