"""Where older Keras programs look for the normalisations: every layer can be imported from here."""

from fastconv.layers import *  # noqa: F403
