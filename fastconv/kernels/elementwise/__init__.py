"""Elementwise operations: arithmetic, merging, dropout, strided copies."""
