"""Convolution: the entries for its three passes, and the direct method."""
