"""From a model and an input shape to kernels: shapes, algorithms, fusion, memory."""
