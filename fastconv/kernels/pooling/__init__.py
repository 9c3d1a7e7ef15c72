"""Pooling: maximum, minimum, average, Lp."""
