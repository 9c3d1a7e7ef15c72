"""Where older Keras programs look for Dense, Flatten, Dropout, ...: every layer can be imported from here."""

from fastconv.layers import *  # noqa: F403
