"""Batch, group and layer normalization."""
