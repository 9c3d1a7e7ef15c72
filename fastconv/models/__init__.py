"""Models: chains and graphs of layers that are trained, judged, used and saved."""

from __future__ import annotations

import importlib
from typing import Any

from fastconv.models.files.checkpoint import load_model, save_model
from fastconv.models.files.model_config import clone_model, model_from_json
from fastconv.models.model import Model
from fastconv.models.sequential import Sequential

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
    "zoo",
]


def __getattr__(name: str) -> Any:
    if name == "zoo":
        return importlib.import_module("fastconv.models.zoo")
    raise AttributeError(f"module 'fastconv.models' has no attribute {name!r}")
