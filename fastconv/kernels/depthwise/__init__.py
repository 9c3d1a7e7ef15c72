"""Depthwise convolution: one filter for each channel."""
