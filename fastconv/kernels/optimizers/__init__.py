"""Optimizer steps, and reductions over parameters."""
