"""Train and run convolutional networks on CPUs, fast."""

from fastconv._version import __version__

__all__ = ["__version__"]
