"""Winograd's method for 3x3 convolutions with stride 1."""
