"""Activations: elementwise functions, parametric ReLU, softmax."""
