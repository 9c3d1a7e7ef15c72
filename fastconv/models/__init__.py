"""Models: chains and graphs of layers that are trained, judged, used and saved."""

from fastconv.models.checkpoint import load_model
from fastconv.models.model import Model
from fastconv.models.sequential import Sequential

__all__ = ["Model", "Sequential", "load_model"]
