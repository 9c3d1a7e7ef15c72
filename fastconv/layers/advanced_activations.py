"""Where older Keras programs look for LeakyReLU and its kin: every layer can be imported from here."""

from fastconv.layers import *  # noqa: F403
