"""Where older Keras programs look for the poolings: every layer can be imported from here."""

from fastconv.layers import *  # noqa: F403
