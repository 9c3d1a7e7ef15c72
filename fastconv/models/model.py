"""The public methods of models: compiling, training, evaluation, prediction, saving."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from fastconv.callbacks import Callback, History
from fastconv.metrics import Metric
from fastconv.models.compiled import Compiled
from fastconv.models.composite import Composite
from fastconv.models.files.checkpoint import restore_model, save_model
from fastconv.models.files.model_config import to_json
from fastconv.models.files.weights import load_weights, save_weights
from fastconv.models.plans import Plans
from fastconv.optimizers import Optimizer
from fastconv.utils.configured import checked_keywords
from fastconv.utils.random import check_seed


class Model(Composite):
    """A layer made of layers, with a training loop.

    ``Model(inputs, outputs)`` is the graph of layers between `Input` tensors and tensors returned
    by calling layers; `Sequential` is a chain. A subclass defines ``call(self, inputs)``, which is
    called once, on symbolic tensors.

    Parameters
    ----------
    inputs : SymbolicTensor, or a list or dictionary of them
        Tensors returned by `Input`. The arrays for several inputs are passed in the same form.
    outputs : SymbolicTensor, or a list or dictionary of them
    name : str, optional
    seed : int, optional
        All randomness is derived from it: weights, dropout, the order of samples. Layers that
        already belong to another model keep their weights. Default: drawn from
        `fastconv.utils.set_random_seed`'s seed, or else from the operating system.

    Raises
    ------
    TypeError
        If anything but symbolic tensors is given.
    ValueError
        If an output depends on an `Input` that is not given, or two layers have one name.

    Attributes
    ----------
    layers : list of Layer
    optimizer : Optimizer
    history : History
        Of the last `fit`, and of the runs that it resumed.
    epoch : int
        Number of epochs finished so far: the `initial_epoch` that resumes a loaded checkpoint.
    stop_training : bool
        Set by a callback to end `fit` after the current step or epoch.
    user_metadata : dict
        The user's JSON values, saved in every checkpoint.

    Examples
    --------
    >>> from fastconv.layers import Add, Conv2D, Dense, Flatten, Input
    >>> x = Input((8, 8, 3))
    >>> y = Conv2D(4, 3, padding="same", activation="relu")(x)
    >>> z = Add()([y, Conv2D(4, 3, padding="same")(y)])
    >>> model = Model(x, Dense(10, activation="softmax")(Flatten()(z)), seed=21)
    >>> model.output_shape, model.count_params()
    ((None, 10), 2830)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Model:
        return super().__new__(cls.functional_class if cls is Model else cls)

    functional_class: ClassVar[type[Model]]
    """The class of ``Model(inputs, outputs)``: `Functional`, which registers itself here."""
    validating = False
    """Whether the running `fit` has validation data."""
    batches_done = 0
    """Number of batches of the current epoch that were trained on."""
    kept_weights: dict[str, np.ndarray] | None = None
    """Weights by name that a callback keeps for the end of training; part of checkpoints."""

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        *,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        if inputs is not None or outputs is not None:
            raise TypeError(
                f"{type(self).__name__}: inputs and outputs are for Model itself, Model(inputs, "
                "outputs); received them in another class"
            )
        super().__init__(**kwargs)
        self._seed = check_seed(seed, where=type(self).__name__)
        self.compiled: Compiled | None = None
        self.plans = Plans(self)
        self.history = History()
        self.epoch = 0
        self.stop_training = False
        self.user_metadata: dict[str, Any] = {}

    @checked_keywords
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int | str = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Configure the model for training.

        Parameters
        ----------
        optimizer : str or Optimizer
            "sgd", "adam", or an instance.
        loss : str, Loss or function
            "categorical_crossentropy" (one-hot targets), "sparse_categorical_crossentropy"
            (integer labels), "mean_squared_error" ("mse"), an instance, or a custom function
            (`losses.CustomLoss`). With several outputs a list or a dict by the outputs' names, with
            None for an output without a loss; or one loss for all of them.
        metrics : list of str, Metric or function, optional
            "accuracy" is the accuracy that fits the loss; a custom function is averaged
            (`metrics.MeanMetricWrapper`). With several outputs a list of lists, or a dict.
        loss_weights : list or dict of float, optional
            Factors of the outputs' losses in their sum.
        weighted_metrics : list of str or Metric, optional
            As `metrics`, but weighted by the samples' weights.
        run_eagerly, steps_per_execution, jit_compile
            Accepted as in Keras, but without effect: there is one way to run a model.

        Raises
        ------
        TypeError, ValueError
            If a name is unknown; the nearest one is proposed.
        """
        compiled = Compiled(optimizer, loss, metrics, loss_weights, weighted_metrics)
        with self.plans.lock.writing:
            self.compiled = compiled
            self.plans.forget()

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer passed to `compile`."""
        return self.require_compiled("optimizer").optimizer

    @property
    def metrics(self) -> list[Metric]:
        """The metrics passed to `compile`, without the loss."""
        found = self.require_compiled("metrics").output_metrics(self.output_specs)
        return [entry.metric for entry in found]

    @property
    def metrics_names(self) -> list[str]:
        """The names of the values that `evaluate` returns, in their order."""
        compiled, specs = self.require_compiled("metrics_names"), self.output_specs
        pairs = zip(specs, compiled.losses(specs), strict=True)
        parts = [f"{spec.name}_loss" for spec, loss in pairs if loss is not None]
        parts = parts if len(parts) > 1 else []
        return ["loss", *parts, *(entry.name for entry in compiled.output_metrics(specs))]

    def require_compiled(self, where: str) -> Compiled:
        """The arguments of `compile`; raises ValueError if it was not called."""
        if self.compiled is None:
            raise ValueError(f"{where}: the model must be compiled first: call model.compile(...)")
        return self.compiled

    def require_loss(self, where: str) -> None:
        """Raise ValueError if there is no loss."""
        if not self.require_compiled(where).has_loss:
            raise ValueError(f"{where}: compile must be given a loss; received loss=None")

    @checked_keywords
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> History:
        """Train on arrays, or on an iterable of batches.

        The order of the samples and the dropout masks depend on the model's seed, the epoch and the
        number of steps taken, so that a run that is saved, loaded and resumed ends in the same bits
        as an uninterrupted one.

        Parameters
        ----------
        x : array_like, (samples, ...)
            uint8 images are taken without conversion; other numbers become float32, batch by batch.
            With several inputs a list of arrays, or a dict by the inputs' names. Or a generator or
            any other iterable of batches, (x, y) or (x, y, sample_weight), without `y`; it is read
            ahead of training in a thread.
        y : array_like
            Integer labels (samples,) or one-hot rows (samples, classes), as the loss requires. With
            several outputs a list or a dict.
        batch_size : int
            Default 32. The last batch of an epoch may be smaller.
        epochs : int
            Training ends before this epoch, counted from 0; not the number of epochs to train.
        verbose : "auto", 0, 1 or 2
            A bar for each epoch (1), a line for each epoch (2), nothing (0); "auto" draws a bar on
            a terminal and lines elsewhere.
        callbacks : list of Callback
        validation_split : float
            Fraction of the samples, from the end, that is held out and evaluated after each epoch.
        validation_data : (x, y), (x, y, sample_weight), or an iterable of batches
            Samples to evaluate on after every epoch instead.
        shuffle : bool
            Whether each epoch takes the arrays in a new order.
        class_weight : dict from class indices to float
            Factors of the losses of a class's samples; 1 for missing classes.
        sample_weight : (samples,) array_like
            Factors of each sample's loss; the mean still divides by the number of samples. With
            several outputs one for all, or a list or a dict.
        initial_epoch : int
            The epoch to start at: `Model.epoch` of a loaded checkpoint.
        steps_per_epoch : int
            Batches in an epoch; default: as many as the data has.
        validation_steps, validation_batch_size : int
            The same for the validation; default: all samples, in batches as in training.
        validation_freq : int or list of int
            Validate after every so many epochs, or after those in the list (counted from 1).

        Returns
        -------
        History

        Raises
        ------
        TypeError, ValueError
            If the data do not fit the model and its loss, before anything is trained.
        FloatingPointError
            If the loss becomes NaN or infinite; the message names the epoch and the step.
        """
        from fastconv.models.training.fit import fit

        with self.plans.fitting():
            return fit(
                self,
                x,
                y,
                batch_size=batch_size,
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                validation_split=validation_split,
                validation_data=validation_data,
                shuffle=shuffle,
                class_weight=class_weight,
                sample_weight=sample_weight,
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                validation_steps=validation_steps,
                validation_batch_size=validation_batch_size,
                validation_freq=validation_freq,
            )

    @checked_keywords
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Iterable[Callback] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """The mean loss and the metrics over `x` and `y`, as `fit` takes them.

        `steps` ends the evaluation after so many batches.

        Returns
        -------
        float, list of float or dict
            The loss; with metrics, a list of the loss and the metrics; with `return_dict`, by name.
        """
        from fastconv.models.training.evaluate import evaluate

        logs = evaluate(
            self,
            x,
            y,
            batch_size=batch_size,
            verbose=verbose,
            sample_weight=sample_weight,
            steps=steps,
            callbacks=callbacks,
        )
        return _flat(logs, return_dict)

    @checked_keywords
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = 0,
        steps: int | None = None,
        callbacks: Iterable[Callback] | None = None,
    ) -> Any:
        """The outputs for `x`, float32, (samples, ...); computed in batches (default 32).

        `x` is as in `fit`, or an iterable of batches, x or (x, ...), whose number `steps` may
        limit. With several outputs, arrays in the structure of the model's outputs. A sample's
        output has the same bits in a batch of any size with ``FASTCONV_BATCH_INVARIANT=1``.
        """
        from fastconv.models.training.evaluate import predict

        return predict(
            self, x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks
        )

    @checked_keywords
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One training step on a batch; returns its loss and metrics, as `evaluate` does."""
        from fastconv.models.training.on_batch import train_on_batch

        return _flat(train_on_batch(self, x, y, sample_weight, class_weight), return_dict)

    @checked_keywords
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss and the metrics of a single batch, as `evaluate` returns them."""
        from fastconv.models.training.on_batch import test_on_batch

        return _flat(test_on_batch(self, x, y, sample_weight), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for a single batch."""
        from fastconv.models.training.on_batch import predict_on_batch

        return predict_on_batch(self, x)

    def plan_report(self) -> str:
        """A table of the model's plans, with a line for each fused step.

        It shows the layers fused into the step, the algorithm, and the buffers; `profile` adds
        times.

        Raises
        ------
        RuntimeError
            If the model has not seen a batch: plans are made for its shape.
        """
        return self.plans.report()

    @property
    def profile(self) -> bool:
        """Whether every step of the plans is timed; `plan_report` then shows ms and GFLOP/s."""
        return self.plans.profile

    @profile.setter
    def profile(self, value: bool) -> None:
        self.plans.profile = bool(value)

    def get_weights(self) -> list[np.ndarray]:
        with self.plans.lock.reading:
            return super().get_weights()

    def set_weights(self, weights: Sequence[Any]) -> None:
        with self.plans.lock.writing:
            super().set_weights(weights)

    @checked_keywords
    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write everything to one file: configuration, weights, optimizer, history, metadata.

        The file is written under a temporary name, flushed to the disk and renamed: on any failure
        an older file of that name is unchanged. `load_model` reads it. With ``overwrite=False`` an
        existing file raises `FileExistsError`.
        """
        save_model(self, filepath, overwrite)

    def restore_training(self, filepath: str | os.PathLike[str]) -> None:
        """Restore the compiled model's training state from a file of an equal one, from `save`.

        Raises
        ------
        ValueError
            If the file is damaged, or its tensors are not this model's.
        """
        with self.plans.lock.writing:
            restore_model(self, filepath)

    @checked_keywords
    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the weights alone (safetensors), in the same way as `save`."""
        save_weights(self, filepath, overwrite)

    @checked_keywords
    def load_weights(self, filepath: str | os.PathLike[str], skip_mismatch: bool = False) -> None:
        """Read the weights from a file of `save_weights` or `save`; all or none.

        With `skip_mismatch`, only those whose name and shape match one of this model's, with a
        warning for the others: for example to fine-tune on other classes.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or its tensors are not this model's; the message names the file.
        """
        with self.plans.lock.writing:
            load_weights(self, filepath, skip_mismatch)

    def to_json(self, **options: Any) -> str:
        """The configuration, without weights, as text; `models.model_from_json` reads it.

        `options` are those of `json.dumps`.
        """
        return to_json(self, **options)


def _flat(logs: dict[str, float], return_dict: bool) -> Any:
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
