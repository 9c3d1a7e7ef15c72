"""From what a caller passes as x and y to batches.

=================  =================================================================================
file               what is there
=================  =================================================================================
samples.py         whole arrays (or one batch) checked against the model and its losses; splitting
first_samples.py   a model that is built by its first samples, once they are accepted
batches.py         checked arrays cut into batches, shuffled, gathered into aligned buffers
stream.py          generators, data loaders and Sequences as a batch source, each batch checked
prefetch.py        the thread that walks a stream ahead of the training
epoch_numbers.py   iterables that are told which epoch comes next, so that a resumed run goes on
class_weights.py   sample weights from class weights
sources.py         picks between batches.py and stream.py
=================  =================================================================================
"""
