"""Saving and loading of models, weights and configurations.

=====================  ==========================================================================
file                   what is there
=====================  ==========================================================================
checkpoint.py          `Model.save`, `load_model`: configuration, weights, optimizer, history
description.py         what a file says of its tensors, read within bounds
weights.py             `Model.save_weights`, `Model.load_weights`
tensors.py             the file format: safetensors with a checksum, written atomically
registry.py            the classes that a file may name
model_config.py        `clone_model`, `Model.to_json`, `model_from_json`
functional_config.py   a functional model's graph as JSON values
=====================  ==========================================================================
"""
