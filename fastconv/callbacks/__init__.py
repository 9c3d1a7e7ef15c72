"""What happens around the training steps, with Keras's names."""

from fastconv.callbacks.base import Callback, CallbackList
from fastconv.callbacks.checkpoint import ModelCheckpoint
from fastconv.callbacks.csv_logger import CSVLogger
from fastconv.callbacks.history import History
from fastconv.callbacks.nan import TerminateOnNaN
from fastconv.callbacks.progress import ProgbarLogger
from fastconv.callbacks.schedule import LearningRateScheduler

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "History",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "TerminateOnNaN",
]
