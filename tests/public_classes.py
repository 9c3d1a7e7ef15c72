"""Every public class that is made from keyword arguments, and arguments to make one with."""

import inspect

from fastconv import callbacks, initializers, layers, losses, metrics, optimizers, regularizers
from fastconv.optimizers import schedules

MODULES = [layers, optimizers, schedules, losses, metrics, callbacks, initializers, regularizers]
BASES = {
    "Callback", "CallbackList", "Initializer", "Layer", "LearningRateSchedule", "Loss",
    "MeanMetric", "Metric", "Optimizer", "Regularizer", "Step",
}  # fmt: skip
# What the required arguments of these names may be.
VALUES = {
    "activation": "relu", "backup_dir": "backup", "boundaries": [3], "decay_rate": 0.5,
    "decay_steps": 3, "dims": (2, 1), "epoch": 1, "factor": 0.2, "filename": "log.csv",
    "filepath": "model", "filters": 2, "first_decay_steps": 3, "fn": lambda t, y: 0.0,
    "function": lambda t, y: 0.0,
    "height": 4, "height_factor": 0.2, "initial_learning_rate": 0.1, "kernel_size": 2,
    "layer": "dense", "loss": "mse", "match": "*", "max_learning_rate": 0.1, "n": 2,
    "num_classes": 2, "peak_learning_rate": 0.1, "rate": 0.5, "scale": 2.0,
    "schedule": lambda epoch: 0.1, "shape": (3,), "target_shape": (3,), "total_steps": 9,
    "units": 2,
    "values": [0.1, 0.2], "width": 4, "width_factor": 0.2,
}  # fmt: skip


def public_classes():
    """The classes by name, each once."""
    found = {}
    for module in MODULES:
        for name in getattr(module, "__all__", dir(module)):
            thing = getattr(module, name)
            if isinstance(thing, type) and name not in BASES and name[0] != "_":
                found.setdefault(thing, f"{module.__name__.split('.')[-1]}.{name}")
    return {name: thing for thing, name in found.items() if hasattr(thing, "get_config")
            or thing.__module__.startswith("fastconv.callbacks")}  # fmt: skip


def parameters_of(cls):
    """The parameters that a class's constructors take by name."""
    found = {}
    for base in cls.__mro__[:-1]:
        if "__init__" in vars(base):
            for name, one in inspect.signature(base.__init__).parameters.items():
                if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY) and name != "self":
                    found.setdefault(name, one)
    return found


def required_by(cls):
    """Arguments without which the class cannot be made."""
    own = inspect.signature(cls).parameters
    return {
        name: VALUES[name]
        for name, one in own.items()
        if one.default is one.empty and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    }
