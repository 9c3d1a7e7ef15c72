"""Winograd's method: convolutions in fewer multiplications."""
