"""``fastconv train``: train a network of the zoo; keep the best and the last checkpoint."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from fastconv.cli.data import HELD_OUT, HELP, Data, Source, find_place, load
from fastconv.cli.errors import (
    FAILED,
    CommandError,
    as_command_errors,
    say,
    say_stopped,
    stopping_signals,
)
from fastconv.cli.parser import image_size, positive, whole
from fastconv.cli.run_folder import RunFolder, Settings, load_run, mark, refuse_changes
from fastconv.utils.text import duration, percent, size

if TYPE_CHECKING:
    from fastconv.models import Model
    from fastconv.models.zoo import Hyperparameters

# The table's recipe is made for CIFAR-10. The shapes are learned sooner, and in still fewer passes
# with smaller batches: the test accuracy is 95 % after 25,000 images at 64, 40,000 at 128.
_EPOCHS = {("cifar10", "shapes"): 4}
_BATCH_SIZE = {("cifar10", "shapes"): 64}
_SEED = 21


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add("data", nargs="?", default="shapes", metavar="DATA", help=f"{HELP} (default: shapes)")
    add(
        "--model",
        metavar="NAME",
        help="cifar10, mnist, lenet5, vgg16, ... (default: mnist for mnist, else cifar10)",
    )
    add(
        "--epochs",
        type=whole(1),
        metavar="N",
        help="train up to this epoch (default: the recipe's)",
    )
    add("--batch-size", type=whole(1), metavar="N", help="images in a step (default: the recipe's)")
    add("--learning-rate", type=positive, metavar="X", help="at the start (default: the recipe's)")
    add("--seed", type=whole(0, 2**63 - 1), default=_SEED, metavar="N", help=f"default: {_SEED}")
    add("--threads", type=whole(1, 1024), metavar="N", help="default: one for each processor")
    add("--limit", type=whole(1), metavar="N", help="use at most N training and N test images")
    add("--image-size", type=image_size, metavar="HxW", help="resize the images of a folder")
    add("--out", metavar="DIR", help="the run's folder (default: runs/DATA-MODEL)")
    add("--fresh", action="store_true", help="start anew even if the folder holds a run")
    add("--strict", action="store_true", help="stop at an unreadable image instead of skipping it")


def run(arguments: argparse.Namespace, words: list[str]) -> int:
    """Run the command."""
    with as_command_errors():
        settings = _settings(arguments)
        folder = RunFolder(Path(arguments.out or f"runs/{settings.source.name}-{settings.network}"))
        earlier = None if arguments.fresh or not folder.last.exists() else load_run(folder.last)
        if earlier is not None:
            refuse_changes(folder.path, earlier.settings, settings)
        _use_threads(arguments.threads)
        data = load(settings.source, strict=arguments.strict)
        model = _new_model(settings, data) if earlier is None else earlier.model
        if earlier is None:
            mark(model, settings, data)
            folder.path.mkdir(parents=True, exist_ok=True)
        else:
            earlier.refuse_other_data(folder.path, data)
        epochs = arguments.epochs or _default_epochs(settings)
        if model.epoch < epochs:
            folder.check_writable()
    folder.remove_leftovers()
    _announce(settings, data, model, folder, epochs)
    return _train(model, settings, data, folder, epochs, words)


def _settings(arguments: argparse.Namespace) -> Settings:
    place = find_place(arguments.data)
    network = arguments.model or ("mnist" if place == "mnist" else "cifar10")
    if arguments.image_size is not None and not Path(place).is_absolute():
        raise CommandError(f"--image-size is for folders and archives; {place} has its own size")
    from fastconv._arguments import check_choice
    from fastconv.models import zoo

    check_choice(network, zoo.NAMES, where="argument --model", what="NAME")
    recipe = zoo.recipe(network)
    return Settings(
        network=network,
        source=Source(place, arguments.limit, arguments.image_size),
        batch_size=arguments.batch_size or _BATCH_SIZE.get((network, place), recipe.batch_size),
        learning_rate=arguments.learning_rate or recipe.learning_rate,
        seed=arguments.seed,
    )


def _default_epochs(settings: Settings) -> int:
    known = _EPOCHS.get((settings.network, settings.source.place))
    return known or _recipe(settings).epochs


def _recipe(settings: Settings) -> Hyperparameters:
    from fastconv.models import zoo

    return zoo.recipe(settings.network)


def _use_threads(threads: int | None) -> None:
    if threads is not None:
        from fastconv import set_num_threads

        set_num_threads(threads)


def _new_model(settings: Settings, data: Data) -> Model:
    from fastconv.models import zoo

    model = zoo.build(settings.network, data.image_shape, len(data.class_names), settings.seed)
    model.optimizer.learning_rate = settings.learning_rate
    return model


def _announce(settings: Settings, data: Data, model: Model, folder: RunFolder, epochs: int) -> None:
    from fastconv import get_num_threads
    from fastconv.kernels._isa import active

    say(
        f"{settings.source.name}: {len(data.x_train):,} training and {len(data.x_test):,} test "
        f"images, {size(data.image_shape)}, {len(data.class_names)} classes"
        + (f" ({HELD_OUT:.0%} of every class held out for testing)" if data.held_out else "")
    )
    threads = get_num_threads()
    say(
        f"{settings.network}: {model.count_params():,} parameters; "
        f"{type(model.optimizer).__name__}, learning rate {settings.learning_rate:g}, batches of "
        f"{settings.batch_size}; {threads} thread{'s' * (threads > 1)}, {active()}"
    )
    if model.epoch >= epochs:
        say(
            f"{folder.last}: trained for {model.epoch} epochs already "
            "(a larger --epochs goes on, --fresh starts anew)"
        )
    elif model.epoch:
        say(f"{folder.last}: resuming after epoch {model.epoch} (--fresh starts anew)")


def _train(
    model: Model, settings: Settings, data: Data, folder: RunFolder, epochs: int, words: list[str]
) -> int:
    from fastconv.callbacks import LambdaCallback, LearningRateScheduler, ModelCheckpoint
    from fastconv.cli.console import Console
    from fastconv.cli.history import HistoryFile

    recipe = _recipe(settings)
    history_file = HistoryFile(folder.history)
    console = Console(len(data.x_test))
    callbacks = [
        # A run that is replaced (--fresh) can be resumed until the new one has something to save.
        LambdaCallback(on_epoch_end=lambda epoch, _: folder.forget_last() if epoch == 0 else None),
        LearningRateScheduler(lambda epoch: settings.learning_rate * recipe.schedule(epoch)),
        # In this order, so that the best of the epochs up to `last` is saved wherever a run stops.
        ModelCheckpoint(folder.best, monitor="val_accuracy", save_best_only=True),
        history_file,
        ModelCheckpoint(folder.last),
        console,
    ]
    try:
        with stopping_signals(), as_command_errors(FAILED):
            model.fit(
                data.x_train,
                data.y_train,
                batch_size=settings.batch_size,
                epochs=epochs,
                verbose=0,
                callbacks=callbacks,
                validation_data=(data.x_test, data.y_test),
                shuffle=recipe.shuffle,
                initial_epoch=model.epoch,
            )
    except KeyboardInterrupt as stop:
        kept, again = "No epoch is done yet", words
        if console.finished:
            kept = f"Epoch {console.finished} is saved"
            again = [word for word in words if word != "--fresh"]
        return say_stopped(stop, f"{kept}; go on with: {shlex.join(['fastconv', *again])}")
    _conclude(model, settings, data, folder, history_file.total_seconds())
    return 0


def _conclude(
    model: Model, settings: Settings, data: Data, folder: RunFolder, seconds: float
) -> None:
    from fastconv.cli.history import write_curves

    accuracies = model.history.history["val_accuracy"]
    best = max(accuracies)
    tested = len(data.x_test)
    say(
        f"Best test accuracy {percent(best * tested, tested)} after epoch "
        f"{model.history.epoch[accuracies.index(best)] + 1}; total time {duration(seconds)}"
    )
    files = [folder.best.name, folder.last.name, folder.history.name]
    title = f"{settings.network} on {settings.source.name}"
    with as_command_errors(FAILED):
        if write_curves(model.history, folder.curves, title):
            files.append(folder.curves.name)
        else:
            say(f"{folder.curves.name} needs matplotlib: pip install matplotlib")
    say(f"Saved in {folder.path}: {', '.join(files)}")
