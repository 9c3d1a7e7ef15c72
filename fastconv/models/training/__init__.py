"""The loops: training, evaluation, prediction.

============  ==============================================================================
file          what is there
============  ==============================================================================
fit.py        `Model.fit`: epochs, validation, callbacks
evaluate.py   `Model.evaluate` and `Model.predict`
on_batch.py   `Model.train_on_batch` and `Model.test_on_batch`
stepping.py   one batch through the plan: a training step with the optimizer, or an evaluation
means.py      the mean losses and the metrics over the batches so far
hooks.py      the callbacks of one run, and its progress bar
============  ==============================================================================
"""
