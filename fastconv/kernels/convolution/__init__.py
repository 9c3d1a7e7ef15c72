"""Convolution: the entry points of its three passes, and the direct method."""
