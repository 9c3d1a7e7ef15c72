"""Callbacks, with Keras's names: hooks of `fit`, `evaluate` and `predict`."""

from fastconv.callbacks.backup import BackupAndRestore
from fastconv.callbacks.base import Callback, CallbackList
from fastconv.callbacks.checkpoint import ModelCheckpoint
from fastconv.callbacks.csv_logger import CSVLogger
from fastconv.callbacks.early_stopping import EarlyStopping
from fastconv.callbacks.freeze import Freeze
from fastconv.callbacks.functions import LambdaCallback
from fastconv.callbacks.history import History
from fastconv.callbacks.nan import TerminateOnNaN
from fastconv.callbacks.plateau import ReduceLROnPlateau
from fastconv.callbacks.progress import ProgbarLogger
from fastconv.callbacks.schedule import LearningRateScheduler
from fastconv.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "Freeze",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]
