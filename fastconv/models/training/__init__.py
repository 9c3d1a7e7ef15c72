"""The loops: training, evaluation, prediction.

============  ==============================================================================
file          what is there
============  ==============================================================================
fit.py        `Model.fit`: epochs, validation, callbacks
evaluate.py   `Model.evaluate` and `Model.predict`
on_batch.py   `Model.train_on_batch`, `test_on_batch` and `predict_on_batch`
stepping.py   one batch through the plans: a training step, an evaluation or a prediction
means.py      the mean losses and the metrics over the batches so far
hooks.py      the callbacks of one run, and its progress bar
============  ==============================================================================
"""
