"""Compiled kernels: one operation and direction per module, GIL released in each."""
