"""From the user's x and y to batches.

=================  =================================================================================
file               what is there
=================  =================================================================================
samples.py         whole arrays (or one batch) checked against the model and its losses; splitting
first_samples.py   building a model for its first samples, once these are accepted
batches.py         checked arrays cut into batches, shuffled, gathered into aligned buffers
stream.py          generators, data loaders and Sequences as a batch source, each batch checked
prefetch.py        the thread that reads a stream ahead of training
epoch_numbers.py   setting the epoch of an iterable that counts its passes, for resumed runs
class_weights.py   sample weights from class weights
sources.py         chooses the batch source: batches.py or stream.py
=================  =================================================================================
"""
